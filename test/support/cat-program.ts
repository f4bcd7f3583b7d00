/**
 * A program for containers that have nothing else: it prints the files that its arguments name, and ends with
 * exit code 1 at the first that it cannot open. Static, for Linux on x86-64.
 */

const LOAD_ADDRESS = 0x40_0000n;
const ELF_HEADER_BYTES = 64;
const PROGRAM_HEADER_BYTES = 56;
const CODE_OFFSET = ELF_HEADER_BYTES + PROGRAM_HEADER_BYTES;

/** Machine code, and what it says. */
const code: readonly (readonly [bytes: string, assembly: string])[] = [
  ['5d', 'pop rbp: the number of arguments'],
  ['58', 'pop rax: the name of the program, not needed'],
  ['ff cd', 'next: dec ebp'],
  ['74 2e', 'jz done'],
  ['5f', 'pop rdi: a path'],
  ['31 f6', 'xor esi, esi: O_RDONLY'],
  ['6a 02 58', 'push 2, pop rax: open'],
  ['0f 05', 'syscall'],
  ['85 c0', 'test eax, eax'],
  ['78 26', 'js failed'],
  ['93', 'xchg ebx, eax: the descriptor'],
  ['48 8d b4 24 00 e0 ff ff', 'copy: lea rsi, [rsp-8192]: a buffer'],
  ['89 df', 'mov edi, ebx'],
  ['ba 00 10 00 00', 'mov edx, 4096: its length'],
  ['31 c0', 'xor eax, eax: read'],
  ['0f 05', 'syscall'],
  ['85 c0', 'test eax, eax'],
  ['7e d8', 'jle next'],
  ['92', 'xchg edx, eax: as many bytes as came'],
  ['6a 01 5f', 'push 1, pop rdi: standard output'],
  ['89 f8', 'mov eax, edi: write'],
  ['0f 05', 'syscall'],
  ['eb df', 'jmp copy'],
  ['31 ff', 'done: xor edi, edi'],
  ['eb 03', 'jmp exit'],
  ['6a 01 5f', 'failed: push 1, pop rdi'],
  ['6a 3c 58', 'exit: push 60, pop rax: exit'],
  ['0f 05', 'syscall'],
];

/** The executable's bytes. */
export function catProgram(): Buffer {
  const text = Buffer.from(code.map(([bytes]) => bytes.replaceAll(' ', '')).join(''), 'hex');
  const size = BigInt(CODE_OFFSET + text.length);
  return Buffer.concat([elfHeader(), programHeader(size), text]);
}

function elfHeader(): Buffer {
  const header = Buffer.alloc(ELF_HEADER_BYTES);
  header.write('7f454c46020101', 'hex'); // magic, 64 bits, little-endian, version 1
  header.writeUInt16LE(2, 16); // e_type: executable at fixed addresses
  header.writeUInt16LE(62, 18); // e_machine: x86-64
  header.writeUInt32LE(1, 20); // e_version
  header.writeBigUInt64LE(LOAD_ADDRESS + BigInt(CODE_OFFSET), 24); // e_entry
  header.writeBigUInt64LE(BigInt(ELF_HEADER_BYTES), 32); // e_phoff
  header.writeUInt16LE(ELF_HEADER_BYTES, 52); // e_ehsize
  header.writeUInt16LE(PROGRAM_HEADER_BYTES, 54); // e_phentsize
  header.writeUInt16LE(1, 56); // e_phnum
  return header;
}

/** The whole file, readable and executable. */
function programHeader(size: bigint): Buffer {
  const header = Buffer.alloc(PROGRAM_HEADER_BYTES);
  header.writeUInt32LE(1, 0); // p_type: load
  header.writeUInt32LE(5, 4); // p_flags: read, execute
  header.writeBigUInt64LE(LOAD_ADDRESS, 16); // p_vaddr
  header.writeBigUInt64LE(size, 32); // p_filesz
  header.writeBigUInt64LE(size, 40); // p_memsz
  header.writeBigUInt64LE(0x1000n, 48); // p_align
  return header;
}
