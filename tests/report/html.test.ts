import { expect } from 'chai';
import { renderReport } from '../../automation/report/html';
import { bareReport, exampleReport, failedReport } from './example';

describe('report page', () => {
  it('states the verdict, and that the application was a stand-in', () => {
    const html = renderReport(exampleReport());
    expect(html).to.include('<h1>Recovered in 41.3 s; 1.2 s of writes lost (14 acknowledged writes)</h1>');
    expect(html).to.include('a stand-in, not a Medplum server');
    expect(renderReport(exampleReport({ isStandIn: false }))).not.to.include('stand-in, not');
  });

  it('escapes every text of the report', () => {
    const attack = `<script>alert("1")</script>'&`;
    const html = renderReport(hostile(exampleReport(), attack));
    expect(html).not.to.include('<script');
    expect(html).not.to.include('"1"');
    expect(html.split('&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&#39;&amp;').length).to.be.greaterThan(40);
  });

  it('says why a run failed, what to do, and that no objective was reached', () => {
    const html = renderReport(failedReport());
    expect(html).to.include('Not recovered: failed at “Health” after 33.1 s');
    expect(html).to.include('The new endpoint answered 500 three times.');
    expect(html).to.include('medplum-dr resume drill-1');
    expect(html).to.include('✕ Not reached').and.not.to.include('✓ Met');
    expect(html).to.include('○ Cutover');
  });

  it('puts failed checks before passed ones, with the reason', () => {
    const html = renderReport(failedReport());
    expect(html.indexOf('Answers are stable')).to.be.lessThan(html.indexOf('Resource counts'));
    expect(html).to.include('it lost its database connection');
  });

  it('calls nothing met or zero where nothing was measured', () => {
    const html = renderReport(bareReport());
    expect(html).to.include('Recovered, in a time that was not measured; what was lost was not measured');
    expect(html).to.include('? Not measured').and.not.to.include('✓ Met');
    expect(html).to.include('No check was made.');
    expect(html).to.include('<strong>Client downtime</strong>: not measured');
    expect(html).to.include('before a recovery point was chosen');
  });

  it('tells an estimate from a measurement', () => {
    expect(renderReport(exampleReport())).to.match(/≈ 0\.5 s<\/td><td[^>]*><span class="source estimated">estimated</);
  });

  it('lists what was not checked in a section of its own', () => {
    const section = /<section aria-labelledby="not-checked">.*?<\/section>/s.exec(renderReport(exampleReport()))?.[0];
    expect(section).to.include('Scheduled bots are back').and.include('the stand-in runs no bots');
  });

  it('counts what the copy of a drill was kept from, by target', () => {
    const section = (changes: Parameters<typeof exampleReport>[0]): string =>
      /<section aria-labelledby="quarantine">.*?<\/section>/s.exec(renderReport(exampleReport(changes)))?.[0] ?? 'none';
    const counted = section({ quarantine: { blocked: [{ target: '<b>.example.com:25', attempts: 7 }] } });
    expect(counted).to.include('<th scope="row">&lt;b&gt;.example.com:25</th><td>7</td>');
    expect(section({ quarantine: { blocked: [] } })).to.include('It tried to reach nothing outside itself.');
    expect(section({ quarantine: { blocked: null } })).to.include('<strong>not counted</strong>');
    expect(section({ quarantine: null })).to.equal('none');
  });
});

/** The report with every text in it that is neither an instant nor a word of the schema replaced. */
function hostile<Value>(value: Value, attack: string): Value {
  if (typeof value === 'string') {
    return (/^\d{4}-\d\d-\d\dT|^[a-z]+(-[a-z]+)*$/.test(value) ? value : attack) as Value;
  }
  if (Array.isArray(value)) {
    return value.map((item: unknown) => hostile(item, attack)) as Value;
  }
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, hostile(item as unknown, attack)])
    ) as Value;
  }
  return value;
}
