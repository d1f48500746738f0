/** Environment variable that tells the gate what it lets through. */
export const GATE_VARIABLE = 'MEDPLUM_DR_QUARANTINE';

export interface GateSettings {
  /** File to which the gate appends what it refused. */
  readonly file: string;
  /** `host:port` of what the copy may reach by TCP: itself. */
  readonly allow: readonly string[];
  /**
   * Names of the copy to the address that stands for each. They are not looked up: a wildcard record could lead to
   * production.
   */
  readonly names: Readonly<Record<string, string>>;
}
