import { Resolver } from 'node:dns/promises';
import { parseServing, servingName, type Serving } from '../dns/serving';
import type { GuardSettings } from './settings';

/** What the environment's name server says of who serves. */
export type Answer =
  | { readonly kind: 'serving'; readonly serving: Serving }
  | { readonly kind: 'no-record' }
  | { readonly kind: 'no-answer'; readonly reason: string };

/** Whether a site may go on. Only a name server that names another stack fences it: silence proves nothing. */
export interface Verdict {
  readonly kind: 'go-on' | 'fenced';
  readonly reason: string;
}

export function verdictOf(answer: Answer, own: Pick<GuardSettings, 'stack' | 'since'>): Verdict {
  switch (answer.kind) {
    case 'no-answer':
      return { kind: 'go-on', reason: `the name server does not tell who serves: ${answer.reason}` };
    case 'no-record':
      return { kind: 'go-on', reason: 'no record tells that another stack serves' };
    case 'serving': {
      const { stack, site, generation } = answer.serving;
      if (stack === '' || stack === own.stack) {
        return { kind: 'go-on', reason: stack === '' ? 'the record names no stack' : 'this stack serves' };
      }
      const elsewhere = `stack ${stack} at site ${site} serves since cutover ${generation}`;
      return generation > own.since
        ? { kind: 'fenced', reason: elsewhere }
        : { kind: 'go-on', reason: `${elsewhere}, and this site was started in the knowledge of that` };
    }
  }
}

/** Asks the environment's own name server; it is given 1.5 s. */
export async function askWhoServes({ name, server }: Pick<GuardSettings, 'name' | 'server'>): Promise<Answer> {
  const resolver = new Resolver({ timeout: 1000, tries: 1 });
  resolver.setServers([`${server.address}:${server.port}`]);
  const limit = setTimeout(() => {
    resolver.cancel();
  }, 1500);
  try {
    const texts = (await resolver.resolveTxt(servingName(name))).map((parts) => parts.join(''));
    const serving = texts.map(parseServing).find((parsed) => parsed !== null);
    return serving === undefined
      ? { kind: 'no-answer', reason: `its record is not understood: ${texts.join(' | ')}` }
      : { kind: 'serving', serving };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOTFOUND' || code === 'ENODATA') {
      return { kind: 'no-record' };
    }
    return { kind: 'no-answer', reason: code ?? String(error) };
  } finally {
    clearTimeout(limit);
  }
}
