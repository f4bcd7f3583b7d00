export function lockedNode(platform?: NodeJS.Platform, arch?: NodeJS.Architecture): string | undefined;
export function runLocked(args: readonly string[], fallBack: (reason: string) => void): void;
export function isLocked(): boolean;
export function takePlace(reason: string): void;
export function refuse(problem: string): never;
