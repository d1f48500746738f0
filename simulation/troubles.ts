import type { Simulation } from './simulation';
import type { Lie, Place } from './world/site';

/** What goes wrong beside the drivers, at moments that the seed gives. */
export function scheduleTroubles(simulation: Simulation): void {
  const { universe } = simulation;
  const { random } = universe;
  if (random.chance(0.15)) {
    universe.lie = random.pick<Lie>(['empty', 'short', 'read-only']);
    simulation.note(`what is restored is ${universe.lie}`);
  }
  if (random.chance(0.08)) {
    later(simulation, () => {
      // An update of the whole front sets the record, and only looks at it before: a gap that the engine alone could close.
      if (universe.stacks.get(simulation.environment)?.lock == null) {
        changeRecord(simulation);
      }
    });
  } else if (random.chance(0.06)) {
    simulation.note('somebody changes the record while the engine is about to');
    universe.onTraffic = () => {
      changeRecord(simulation);
    };
  }
  if (random.chance(0.06)) {
    lostForATime(simulation, 'site-b');
  }
  if (random.chance(0.04)) {
    lostForATime(simulation, 'site-a');
  }
  if (random.chance(0.08)) {
    universe.shipping = false;
    later(simulation, () => {
      universe.shipping = true;
    });
  }
}

function later(simulation: Simulation, what: () => void): void {
  void simulation.sleep(simulation.universe.random.between(1, 120)).then(() => {
    if (simulation.universe.faultsActive) {
      what();
    }
  });
}

function changeRecord({ universe }: Simulation): void {
  const { record } = universe;
  const foreign = { address: '192.0.2.7', stack: 'of somebody else', generation: record?.generation ?? 0 };
  universe.ownBefore = record;
  universe.foreign = foreign;
  universe.foreignSince = universe.scheduler.now;
  universe.setRecord(foreign, 'somebody');
}

function lostForATime(simulation: Simulation, place: Place): void {
  const { universe } = simulation;
  later(simulation, () => {
    if (universe.places[place] !== 'sound') {
      return;
    }
    universe.setPlace(place, universe.random.pick(['down', 'cut']));
    void simulation.sleep(universe.random.between(1, 90)).then(() => {
      universe.setPlace(place, 'sound');
    });
  });
}
