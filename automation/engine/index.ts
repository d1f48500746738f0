export { engineEnvironment } from './environment';
export { type Engine, findEngine } from './find';
export { ensureLanguageHost } from './language-host';
