/**
 * The suites of mote-micro once more, with the programs for arm64. On another processor they run under qemu-user,
 * which leaves gaps: the kernel is that of this machine, so that what only an arm64 kernel does (pages of 64 KiB,
 * loading, zeroed registers) is as qemu has it; the memory of the process is mostly the emulator's, so that its size
 * says nothing, and the permissions are asked of the emulator; limits count the emulator's descriptors too.
 */
process.env.MOTE_MICRO_ARCH = 'arm64';
await import('./micro.test.ts');
await import('./site.test.ts');
await import('./model.test.ts');
await import('./connections.test.ts');
