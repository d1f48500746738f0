/**
 * Settings for the engine in a disaster: it asks nobody, downloads nothing and tells nobody. A recovery must not depend on
 * whether Pulumi's servers, GitHub or a registry can be reached, nor wait for their timeouts.
 *
 * A provider plugin that is missing is then an error at once. That is meant: installing plugins is part of preparing the
 * machine. Names and effects as in the engine's sources, `sdk/go/common/env/env.go` and `ciutil/detect.go` (3.246.0).
 */
export function engineEnvironment(): Record<string, string> {
  return {
    // Otherwise each command asks api.pulumi.com for the newest version.
    PULUMI_SKIP_UPDATE_CHECK: 'true',
    // Otherwise a missing plugin is looked for on GitHub and get.pulumi.com, in the middle of an update.
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: 'true',
    // Otherwise package names are resolved at the Pulumi registry.
    PULUMI_DISABLE_REGISTRY_RESOLVE: 'true',
    // Otherwise the CI system's variables are stored in the state as the update's metadata.
    PULUMI_DISABLE_CI_DETECTION: 'true',
    // No AI summaries of failures, nor links to them.
    PULUMI_NEO: 'false',
    PULUMI_SUPPRESS_NEO_LINK: 'true',
    // The command's output is parsed and shown by this program.
    NO_COLOR: '1',
  };
}
