// A driver that ends itself by SIGKILL, at a moment of a step or some time after it. It embeds the compiled driver as
// internal tooling would, in the project of the current folder. Its one argument is a `DriverOrder` as JSON.
const path = require('node:path');

const automation = path.resolve(__dirname, '..', '..', 'dist', 'automation');
require(path.join(automation, 'engine', 'sdk-on-demand'));
const { findEngine } = require(path.join(automation, 'engine'));
const { realWorld } = require(path.join(automation, 'recovery', 'real-world'));
const { startRecovery } = require(path.join(automation, 'recovery', 'recover'));
const { openEnvironment, openOwnProject } = require(path.join(automation, 'stacks', 'project'));
const { EngineSession } = require(path.join(automation, 'stacks', 'session'));

function killSelf() {
  process.kill(process.pid, 'SIGKILL');
}

async function main(order) {
  const { environment: environmentName, mode, id } = order;
  const project = await openOwnProject(process.cwd());
  const front = await openEnvironment(project, environmentName);
  const engine = await findEngine({ onProgress: () => undefined });
  const { result } = startRecovery({
    world: await realWorld(project, front, new EngineSession(engine, project)),
    environmentName,
    request: {
      kind: 'new',
      id,
      mode,
      takesTraffic: true,
      target: { kind: 'latest' },
      lostAt: null,
      commitAfterSeconds: null,
    },
    takeOver: false,
    keep: false,
    scenario: null,
    acceptUnfencedPrimary: false,
    acceptedChecks: [],
    acceptedRecord: null,
    stallSeconds: null,
    reportsDirectory: path.join(project.directory, 'reports'),
    signal: new AbortController().signal,
    onMoment(step, moment) {
      if (step !== order.step || moment !== order.moment) {
        return;
      }
      if (order.afterMilliseconds === 0) {
        killSelf();
      } else {
        setTimeout(killSelf, order.afterMilliseconds);
      }
    },
  });
  const { result: how, error } = await result;
  console.error(
    `The driver came to its end alive: ${how}. ${error?.message ?? ''} ${error?.problems.join('; ') ?? ''}`
  );
}

void main(JSON.parse(process.argv[2]));
