import pc from 'picocolors';
import type { RecoveryEvent } from '../events';
import { modeText, spanText } from '../report/wording';

/** Where progress is written; a terminal gets a line that changes in place. */
export interface ProgressOutput {
  readonly isTTY?: boolean | undefined;
  write(text: string): unknown;
}

interface Current {
  readonly title: string;
  /** Null for what is no step. */
  readonly budgetSeconds: number | null;
  readonly since: number;
  waitingFor: string;
}

const TICK_MILLISECONDS = 100;

/**
 * Writes a run's events for people. On a terminal the running step shows its elapsed time against its budget and what
 * it waits for; elsewhere each event is a plain line, and a step that goes on says so now and then.
 */
export async function renderProgress(events: AsyncIterable<RecoveryEvent>, output: ProgressOutput): Promise<void> {
  const tty = output.isTTY === true;
  const colour = pc.createColors(tty);
  const started = performance.now();
  let current: Current | null = null;
  const line = (text: string): void => {
    output.write(`${tty ? '\r\x1b[K' : ''}${text}\n`);
  };
  const stamp = (): string => colour.dim(spanText((performance.now() - started) / 1000).padStart(8));
  const tick = (): void => {
    if (current === null) {
      return;
    }
    const { text, isOver } = elapsedOf(current);
    const shown = `${current.title}  ${text}${isOver ? colour.yellow(' over budget') : ''}  ${current.waitingFor}`;
    output.write(`\r\x1b[K${stamp()}  ${shown.slice(0, 200)}`);
  };
  const timer = tty ? setInterval(tick, TICK_MILLISECONDS) : setInterval(sayItGoesOn, 10_000);
  function sayItGoesOn(): void {
    if (current !== null) {
      const { text, isOver } = elapsedOf(current);
      const waiting = current.waitingFor === '' ? '' : `; waiting for ${current.waitingFor}`;
      line(`${stamp()}  ${current.title}: ${text}${isOver ? ', over budget' : ''}${waiting}`);
    }
  }
  try {
    for await (const event of events) {
      switch (event.kind) {
        case 'run-started':
          line(
            `${stamp()}  ${colour.bold(`${modeText({ mode: event.mode, scenario: null })} ${event.id}`)} of environment ${event.environment}`
          );
          break;
        case 'step-started':
          current = {
            title: event.title,
            budgetSeconds: event.budgetSeconds,
            since: performance.now(),
            waitingFor: '',
          };
          if (!tty) {
            line(`${stamp()}  ${event.title} (budget ${spanText(event.budgetSeconds)})`);
          }
          break;
        case 'step-waiting':
          if (current !== null) {
            current.waitingFor = event.waitingFor;
          }
          break;
        case 'step-finished': {
          const title: string = current?.title ?? event.step;
          current = null;
          const mark = event.status === 'done' ? colour.green('done') : colour.red(event.status);
          line(`${stamp()}  ${title}: ${mark} in ${spanText(event.seconds)}. ${event.summary}`);
          break;
        }
        case 'check':
          if (event.check.status === 'failed') {
            line(`${stamp()}    ${colour.red('failed')} ${event.check.title}: ${event.check.evidence}`);
          } else if (event.check.status === 'not-checked') {
            line(`${stamp()}    ${colour.yellow('not checked')} ${event.check.title}: ${event.check.reason}`);
          } else {
            line(`${stamp()}    ${colour.green('passed')} ${event.check.title}: ${event.check.evidence}`);
          }
          break;
        case 'over-budget':
          line(`${stamp()}  ${colour.yellow('over budget')} ${event.text}`);
          break;
        case 'resource':
          break;
        case 'activity':
          current = { title: event.text, budgetSeconds: null, since: performance.now(), waitingFor: '' };
          if (!tty) {
            line(`${stamp()}  ${event.text}`);
          }
          break;
        case 'activity-progress':
          if (current !== null) {
            current.waitingFor = event.text;
          }
          break;
        case 'note':
          line(`${stamp()}  ${event.text}`);
          break;
        case 'warning':
          line(`${stamp()}  ${colour.yellow(`Warning: ${event.text}`)}`);
          break;
        case 'run-finished':
          break;
      }
    }
  } finally {
    clearInterval(timer);
  }
}

function elapsedOf(current: Current): { text: string; isOver: boolean } {
  const elapsed = (performance.now() - current.since) / 1000;
  return current.budgetSeconds === null
    ? { text: spanText(elapsed), isOver: false }
    : { text: `${spanText(elapsed)} of ${spanText(current.budgetSeconds)}`, isOver: elapsed > current.budgetSeconds };
}
