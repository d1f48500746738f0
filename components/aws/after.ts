import * as pulumi from '@pulumi/pulumi';

/** A text that is not used before others are there: the resource alone is not yet of use. */
export function after(text: pulumi.Output<string>, others: readonly pulumi.Output<unknown>[]): pulumi.Output<string> {
  return pulumi.all([text, pulumi.all([...others])]).apply(([known]) => known);
}
