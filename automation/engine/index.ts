export { engineEnvironment } from './environment';
export { type Engine, type FindEngineOptions, findEngine } from './find';
export { type LanguageHost, ensureLanguageHost } from './language-host';
