export declare const SYSTEM_PROGRAMS: Readonly<Record<string, string>>;
export declare function findProgram(name: string): string | undefined;
export declare function ensurePrograms(names: readonly string[], say?: (line: string) => unknown): string[];
