/**
 * The codes of what the system refuses. Node does not know those of all file systems: its code of a file that NFS has
 * lost is `Unknown system error -116`.
 */
const unknownToNode: Readonly<Record<string, string>> = { '-116': 'ESTALE', '-122': 'EDQUOT' };

/** Undefined for what is no error of the system. */
export function systemCode(error: unknown): string | undefined {
  const { code, errno } = error as NodeJS.ErrnoException;
  return unknownToNode[`${errno}`] ?? code;
}
