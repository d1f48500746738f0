import type { SiteCondition } from '../../site-operations';
import type { LocalConfig } from '../config';
import { answeringPorts } from '../guard/answering';
import { readFenceMark } from '../guard/mark';
import { sitePresent } from '../provider/site';

/**
 * Whether a site takes writes now. One at whose ports something answers is taken to, whatever it is marked as: only
 * silence shows that it does not.
 */
export async function siteCondition(config: LocalConfig, live: string): Promise<SiteCondition> {
  const { name } = config.site;
  const [answering, mark] = [await answeringPorts(config, live), await readFenceMark(live)];
  if (answering.length > 0) {
    const although = mark === null ? '' : `, although ${name} is marked as fenced since ${mark.at}`;
    return { kind: 'taking-writes', detail: `something listens on ${answering.join(', ')}${although}` };
  }
  if (!(await sitePresent({ live }))) {
    return { kind: 'unreachable', detail: `the folder of ${name} is gone and nothing listens on its ports` };
  }
  return mark === null
    ? { kind: 'stopped', detail: `nothing listens on the ports of ${name}; it is not fenced` }
    : { kind: 'fenced', detail: `${name} is fenced since ${mark.at}: ${mark.reason}` };
}
