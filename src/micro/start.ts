/**
 * Step 1 of the server (`server.ts`): the port, the signal handler, the listening socket, epoll.
 *
 * There is one check at its end. Every call but two returns 0, so that setting al, the lowest byte of rax, is
 * enough for the number of the next one; after an error that number is none, and the next call fails too.
 */
import { address, type Block, block } from '../asm/assembler.ts';
import * as x64 from '../asm/x64.ts';
import { chained, copy, set, system } from './idioms.ts';
import * as linux from './linux.ts';

const { rax, rbx, rsi, rdi, rsp, r9, r10 } = x64;
const { eax, ebx, edi, esi, r8d, r12d, r13d, al, bl, dl, r8b, r10b } = x64;
const { add, bswap, cmp, enter, imul, mov, pop, push, sub, test, xchg, xor } = x64;
const { ja, je, jmp, jne, js, lodsb, lodsd, loop } = x64;

/** Step 1. The stack holds argc, the arguments, 0, the environment, 0. Into ebx: the port */
export function choosePort(): Block[] {
  return [
    // `loop` counts rcx down: without arguments to 0.
    block('arguments', [pop(rsi), pop(rsi), loop('parse')], 'nextVariable'),
    block(
      'nextVariable',
      [
        ...[pop(rsi), test(esi, esi), je('havePort')],
        ...[lodsd, sub(eax, Buffer.from('PORT').readUInt32LE()), jne('nextVariable')],
        ...[lodsb, sub(al, '='.charCodeAt(0)), jne('nextVariable')],
      ],
      'parse',
    ),
    // eax is 0 here: nothing has touched it, or the name has been subtracted from itself.
    block('parse', [xor(ebx, ebx)], 'digit'),
    block('digit', [
      ...[lodsb, sub(al, '0'.charCodeAt(0)), cmp(al, 9), ja('havePort')],
      ...[imul(ebx, ebx, 10), add(ebx, eax), jmp('digit')],
    ]),
  ];
}

/** Step 1, goes on. For good: r12 epoll · r13 the listening socket · rsp the buffer, and behind it the states */
export function setUp(roomBytes: number, full = false): Block[] {
  return [
    block(
      'havePort',
      [
        // struct sigaction { handler, flags, … }: what the rest of it holds does not matter to a handler that ends.
        // As flags the address of the handler does: it lies above 0x4000000, which is SA_RESTORER.
        ...[mov(eax, address('stop')), push(rax), push(rax), ...copy(rsi, rsp)],
        ...[...set(rdi, linux.SIGINT), mov(r10b, linux.SIGSET_BYTES), ...system('rt_sigaction')],
        ...(full
          ? [...set(rdi, linux.SIGTERM), ...chained('rt_sigaction'), ...set(rdi, linux.AF_INET6)]
          : []),
        // Else rdi is still 2, which is also AF_INET. It goes to eax then; rsi stays 1, which is also SOL_SOCKET.
        ...[...set(rsi, linux.SOCK_STREAM), ...chained('socket'), xchg(edi, eax)],
        // The option's value is what is on the stack: anything but 0.
        ...[...copy(r10, rsp), mov(dl, linux.SO_REUSEADDR)],
        ...[mov(r8b, 4), ...chained('setsockopt')],
        // struct sockaddr_in { family, port in network order, address 0, … }; a port above 65535 spoils the family.
        // An address of IPv6, 0 too, has 16 bytes, between two other fields of four.
        ...[bswap(ebx), mov(bl, full ? linux.AF_INET6 : linux.AF_INET)],
        ...[...(full ? [push(r9), push(r9), push(r9)] : []), push(rbx), ...copy(rsi, rsp)],
        ...[mov(dl, full ? linux.SOCKADDR_IN6_BYTES : linux.SOCKADDR_IN_BYTES), ...chained('bind')],
        // As a backlog the address in rsi means: as long as allowed.
        ...chained('listen'),
        // epoll_create wants a size, any number above 0, which the socket's descriptor is where there is a stdin.
        ...[mov(r13d, edi), ...chained('epoll_create')],
        // One check for all: after an error every call was the wrong one.
        ...[test(eax, eax), js('fail')],
        ...[mov(r12d, eax), xor(r8d, r8d)],
        enter(roomBytes),
      ],
      full ? 'unpack' : 'turn',
    ),
  ];
}
