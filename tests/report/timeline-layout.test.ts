import { expect } from 'chai';
import fc from 'fast-check';
import { type Bar, layoutTimeline } from '../../automation/report/page/timeline-layout';
import { bareReport, exampleReport, instantAfter } from './example';

const HUNDRED_DAYS = 8_640_000;
const seconds = fc.double({ min: -HUNDRED_DAYS, max: HUNDRED_DAYS, noNaN: true });
const instant = seconds.map(instantAfter);

const arbitraryReport = fc
  .record({
    runSeconds: fc.double({ min: 0, max: HUNDRED_DAYS, noNaN: true }),
    moments: fc.record({
      outageAt: fc.option(instant),
      detectedAt: fc.option(instant),
      decidedAt: fc.option(instant),
      cutoverAt: fc.option(instant),
      firstGoodAnswerAt: fc.option(instant),
    }),
    spans: fc.array(
      fc.record({ startedAt: instant, endedAt: fc.option(instant), budgetSeconds: seconds.map(Math.abs) })
    ),
  })
  .map(({ runSeconds, moments, spans }) =>
    exampleReport({
      endedAt: instantAfter(runSeconds),
      moments,
      steps: spans.map((span, index) => ({ id: `s${index}`, title: 'Step', status: 'done', attempts: 1, ...span })),
      resources: spans.map(({ startedAt, endedAt }) => ({ name: 'r', type: 't', step: 's0', startedAt, endedAt })),
    })
  );

describe('timeline layout', () => {
  it('keeps every bar, mark and tick within the picture', () => {
    fc.assert(
      fc.property(arbitraryReport, (report) => {
        const layout = layoutTimeline(report);
        const bars = [
          ...layout.steps.flatMap(({ bar, budget, over }) => [bar, budget, over]),
          ...layout.resources.map(({ bar }) => bar),
        ].filter((bar): bar is Bar => bar !== null);
        for (const bar of bars) {
          expect(bar.width).to.be.greaterThan(0);
          expect(bar.x).to.be.at.least(0);
          expect(bar.x + bar.width).to.be.at.most(100 + 1e-9);
        }
        for (const { x } of [...layout.marks, ...layout.ticks]) {
          expect(x).to.be.within(0, 100);
        }
      })
    );
  });

  it('never lets two marks of one row touch, and labels few ticks', () => {
    fc.assert(
      fc.property(arbitraryReport, (report) => {
        const { marks, ticks } = layoutTimeline(report);
        for (const [index, mark] of marks.entries()) {
          const before = marks.slice(0, index).filter(({ row }) => row === mark.row);
          before.forEach(({ x }) => expect(mark.x - x).to.be.at.least(8));
        }
        expect(ticks.length).to.be.within(1, 6);
      })
    );
  });

  it('draws a step of half the run as half the picture, and its overrun from the budget on', () => {
    const step = { id: 's', title: 'S', status: 'done', attempts: 1, budgetSeconds: 3 } as const;
    const report = exampleReport({
      endedAt: instantAfter(10),
      moments: bareReport().moments,
      steps: [{ ...step, startedAt: instantAfter(5), endedAt: instantAfter(10) }],
    });
    const [row] = layoutTimeline(report).steps;
    expect(row).to.deep.include({ bar: { x: 50, width: 50 }, over: { x: 80, width: 20 }, seconds: 5 });
  });

  it('leaves an outage found days later at the edge, so that the run can be seen', () => {
    const report = exampleReport({ moments: { ...exampleReport().moments, outageAt: instantAfter(-3 * 86_400) } });
    const layout = layoutTimeline(report);
    expect(layout.fromSeconds).to.equal(-layout.toSeconds / 2);
    expect(layout.marks[0]).to.include({ label: 'Outage', x: 0 });
    expect(layout.steps[3]?.bar?.width).to.be.greaterThan(30);
  });

  it('draws the longest resources and counts the rest', () => {
    const resources = Array.from({ length: 40 }, (_, index) => ({
      name: `r${index}`,
      type: 't',
      step: 's',
      startedAt: instantAfter(1),
      endedAt: instantAfter(2 + index / 2),
    }));
    const layout = layoutTimeline(exampleReport({ resources }));
    expect(layout.hiddenResources).to.equal(26);
    expect(layout.resources.map(({ resource }) => resource.name))
      .to.include('r39')
      .and.not.to.include('r0');
  });
});
