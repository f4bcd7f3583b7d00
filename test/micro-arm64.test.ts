/**
 * The suites of mote-micro once more, with the programs for arm64. On another processor they run under qemu-user,
 * where memory cannot be looked at, and the kernel is that of this machine: what only an arm64 kernel does (page
 * sizes, loading, the system calls' own numbers) is as qemu understands it.
 */
process.env.MOTE_MICRO_ARCH = 'arm64';
await import('./micro.test.ts');
await import('./micro-site.test.ts');
await import('./micro-connections.test.ts');
