import { environmentProgram } from './components/program';

export = (): Record<string, unknown> => environmentProgram(process.cwd());
