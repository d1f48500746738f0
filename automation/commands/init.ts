import { PLATFORMS } from '../../components/config';
import * as api from '../index';
import type { CommonFlags } from './flags';

export interface InitFlags extends CommonFlags {
  readonly region?: string;
  readonly configPath?: string;
  readonly recoveryRegion?: string;
}

/** @throws OperatorError for a platform that there is not, and for flags that it lacks. */
export function initPlatform(word: string, flags: InitFlags): api.InitPlatform {
  const name = PLATFORMS.find((each) => each === word);
  if (name === undefined) {
    throw new api.OperatorError('bad-input', `There is no platform "${word}".`, {
      hint: `There are: ${PLATFORMS.join(', ')}.`,
    });
  }
  if (name !== 'aws') {
    return { name };
  }
  const { region, configPath, recoveryRegion } = flags;
  if (region === undefined || configPath === undefined) {
    throw new api.OperatorError('bad-input', 'init aws needs --region and --config-path.', {
      hint: "Both are in the server's command, aws:<region>:<path>: medplum-dr init aws --region eu-west-1 --config-path /medplum/prod/ <environment>",
    });
  }
  return { name, region, configPath, ...(recoveryRegion === undefined ? {} : { recoveryRegion }) };
}

export function initLines(made: api.Initialised): string[] {
  const { environment, files, found, proposed, missing, notes } = made;
  const section = (title: string, lines: readonly string[]): string[] =>
    lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)];
  const bring = `pulumi stack init ${environment} && pulumi`;
  return [
    ...files,
    ...section(
      'Found:',
      found.map((each) => `${each.key}: from ${each.from}`)
    ),
    ...section(
      'Proposed, for you to look at:',
      proposed.map((each) => `${each.key}: ${String(each.value)} (${each.why})`)
    ),
    ...section(
      'Not found, to be filled in:',
      missing.map((each) => `${each.key}: ${each.reason}. ${each.fill}`)
    ),
    ...section('Seen on the way:', notes),
    ...(found.length + missing.length === 0
      ? [`Bring it up: ${bring} up. What pulumi needs is in the config's first lines.`]
      : [
          '',
          `${missing.length === 0 ? 'Look' : 'Fill in what was not found, then look'} at what would be made: ${bring} preview.`,
        ]),
  ];
}
