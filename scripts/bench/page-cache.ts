/** What the kernel keeps of files. */
import { execFileSync } from 'node:child_process';

/**
 * Lets the kernel forget the pages of a file. A file that was just written is cached in pieces of up to 2 MiB, which
 * are mapped as a whole where a process touches them: its memory is then counted 17 MiB too high for a new executable.
 * What is read from the disk comes in smaller pieces. Pages that a process has mapped stay.
 */
export function evict(file: string): void {
  // Only what is on the disk can be forgotten.
  execFileSync('sync', ['--data', file]);
  execFileSync('dd', [`if=${file}`, 'iflag=nocache', 'count=0', 'status=none']);
}
