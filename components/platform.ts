import type { CommonConfig, PlatformName, Role, Strategy } from './config';
import type { LayerFactories } from './layers';
import type { SiteOperations } from './site-operations';

/** Where relative paths in config start, and which stack the config is of. */
export interface ConfigContext {
  readonly projectDirectory: string;
  readonly stack: string;
}

/** One environment on one platform: its common config, its layers, and what the driver may do with its sites. */
export interface PlatformEnvironment {
  readonly config: CommonConfig;
  /** Name of the site this stack stands at. */
  readonly site: string;
  /** Name of the site it recovers to; undefined where none is configured. */
  readonly recoverySite: string | undefined;
  /** Whether the application is the stand-in of this package and no Medplum server. */
  readonly isStandIn: boolean;
  /** Folder outside both sites, for journals and locks; what `control` in config names goes before it. */
  readonly controlDirectory: string;
  /** Makes the layers; called once, inside the Pulumi program, as providers are resources. */
  layers(): LayerFactories;
  /** Config of a stack that recovers this environment at its recovery site. */
  recoveryConfig(
    restore: NonNullable<CommonConfig['restore']>,
    /** Of a drill's copy, which gets a name of its own and may reach nothing. */
    quarantine?: CommonConfig['quarantine']
  ): Record<string, unknown>;
  /** Config keys that protect this stack's site at the given other one (the config of the stack that stood there). */
  protectionConfig(other: Record<string, unknown>): Record<string, unknown>;
  operations(): SiteOperations;
}

/** A platform: its folder under `components/` exports one of these as `platform`. */
export interface Platform {
  readonly name: PlatformName;
  /** What it has of them; others are refused by name. */
  readonly roles: readonly Role[];
  readonly strategies: readonly Strategy[];
  readonly knownKeys: readonly string[];
  /** @throws z.ZodError with every problem of the config. */
  load(values: Record<string, unknown>, context: ConfigContext): PlatformEnvironment;
}
