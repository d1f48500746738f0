/** One thing an operator gets wrong in config, and the lines that must tell it. */
export interface ConfigFault {
  readonly name: string;
  /** Wrong values by the path of their key; an undefined one is missing. */
  readonly wrong: Readonly<Record<string, unknown>>;
  readonly problems: readonly string[];
}

/** A copy of a config with the wrong values of the faults. */
export function withFaults(config: Record<string, unknown>, faults: readonly ConfigFault[]): Record<string, unknown> {
  const copy = structuredClone(config);
  for (const [path, value] of faults.flatMap(({ wrong }) => Object.entries(wrong))) {
    const keys = path.split('.');
    const last = keys.pop()!;
    const holder = keys.reduce((inner, key) => inner[key] as Record<string, unknown>, copy);
    holder[last] = value;
  }
  return copy;
}

/** Faults that do not touch one another: any of them together are told together. */
export const INDEPENDENT_FAULTS: readonly ConfigFault[] = [
  {
    name: 'a misspelt key',
    wrong: { bakcup: {} },
    problems: ['medplum-dr:bakcup: unknown key; did you mean "backup"?'],
  },
  {
    name: 'a misspelt key within another',
    wrong: { 'application.startTimout': '1m' },
    problems: ['medplum-dr:application.startTimout: unknown key; did you mean "startTimeout"?'],
  },
  {
    name: 'a misspelt key of the site',
    wrong: { 'site.adress': '127.0.0.9' },
    problems: ['medplum-dr:site.adress: unknown key; did you mean "address"?'],
  },
  {
    name: 'a key that is like no other',
    wrong: { 'traffic.loadBalancerClass': 'fast' },
    problems: ['medplum-dr:traffic.loadBalancerClass: unknown key'],
  },
  {
    name: 'an objective that is no duration',
    wrong: { 'objectives.rto': 'soon' },
    problems: [
      'medplum-dr:objectives.rto: "soon" is not a duration: write a number and its unit, such as 500ms, 90s, 5m or 1h',
    ],
  },
  {
    name: 'a version that is none',
    wrong: { 'application.version': 'latest' },
    problems: ['medplum-dr:application.version: must be a version such as 5.0.10; "latest" cannot be recovered to'],
  },
  {
    name: 'a public address with another port than traffic has',
    wrong: { 'application.baseUrl': 'http://medplum.test:9999/' },
    problems: ['medplum-dr:application.baseUrl: has port 9999, but traffic.port is 8103'],
  },
  {
    name: 'a recovery site at the address of the primary',
    wrong: { 'recoverySite.address': '127.0.0.2' },
    problems: [
      'medplum-dr:recoverySite.address: is the primary site\'s own ("127.0.0.2"); a recovery site must be another one',
    ],
  },
  {
    name: 'a port that only root may listen on',
    wrong: { 'site.ports.database': 80 },
    problems: ['medplum-dr:site.ports.database: must be 1024 or above'],
  },
  {
    name: 'a strategy that there is not',
    wrong: { strategy: 'hope' },
    problems: [
      'medplum-dr:strategy: Invalid option: expected one of "backup-restore"|"pilot-light"|"warm-standby"|"hot-standby"',
    ],
  },
];

/** Faults that are told alone or hide one another. */
export const OTHER_FAULTS: readonly ConfigFault[] = [
  {
    name: 'a public address that is none',
    wrong: { 'application.baseUrl': 'medplum.test/' },
    problems: ['medplum-dr:application.baseUrl: Invalid URL'],
  },
  {
    name: 'a public address without its slash',
    wrong: { 'application.baseUrl': 'http://medplum.test:8103' },
    problems: ['medplum-dr:application.baseUrl: must end with a slash, as Medplum joins paths to it'],
  },
  {
    name: 'a public address of another name and port',
    wrong: { 'application.baseUrl': 'http://other.test/' },
    problems: [
      'medplum-dr:application.baseUrl: has port (none), but traffic.port is 8103',
      'medplum-dr:application.baseUrl: does not use the name medplum.test of traffic.name',
    ],
  },
  {
    name: 'a recovery site equal to the primary',
    wrong: {
      'recoverySite.name': 'site-a',
      'recoverySite.folder': '.medplum-dr/local-primary/site-a',
      'recoverySite.address': '127.0.0.2',
    },
    problems: [
      'medplum-dr:recoverySite.name: is the primary site\'s own ("site-a"); a recovery site must be another one',
      'medplum-dr:recoverySite.folder: is the primary site\'s own (".medplum-dr/local-primary/site-a"); a recovery site must be another one',
      'medplum-dr:recoverySite.address: is the primary site\'s own ("127.0.0.2"); a recovery site must be another one',
    ],
  },
  {
    name: 'a recovery site in the folder of the primary, written otherwise',
    wrong: { 'recoverySite.folder': './.medplum-dr/local-primary/../local-primary/site-a/' },
    problems: [
      'medplum-dr:recoverySite.folder: is the primary site\'s own (".medplum-dr/local-primary/site-a"); a recovery site must be another one',
    ],
  },
  {
    name: 'a recovery site and what lies outside within the folder of the primary',
    wrong: {
      'recoverySite.folder': '.medplum-dr/local-primary/site-a/site-b',
      'outside.folder': '.medplum-dr/local-primary/site-a/outside',
    },
    problems: [
      'medplum-dr:outside.folder: lies in the folder of site site-a, and would be lost with it',
      'medplum-dr:recoverySite.folder: lies in the folder of the primary site, and would be lost with it',
    ],
  },
  {
    name: 'two processes of a site on one port',
    wrong: { 'site.ports.cache': 15432 },
    problems: ['medplum-dr:site.ports: must be three different ports'],
  },
  {
    name: 'a span of no time',
    wrong: { 'backup.walEvery': '0s' },
    problems: ['medplum-dr:backup.walEvery: must be more than 0'],
  },
  {
    name: 'an address beyond this machine',
    wrong: { 'recoverySite.address': '10.0.0.3' },
    problems: ['medplum-dr:recoverySite.address: must be a loopback address (127.x.x.x)'],
  },
  {
    name: 'no objectives',
    wrong: { objectives: undefined },
    problems: ['medplum-dr:objectives: is missing; object expected'],
  },
  {
    name: 'no backup to keep',
    wrong: { 'backup.keep': 0 },
    problems: ['medplum-dr:backup.keep: Too small: expected number to be >=1'],
  },
];
