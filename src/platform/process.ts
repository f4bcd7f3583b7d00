/** Node's `process`: standard streams, signals, arguments, and the end of the program. */
import { Buffer } from './buffer.ts';
import { EventEmitter, type Listener } from './events.ts';
import { textOf } from './fs.ts';
import { callSync, EVENTS, host, systemError } from './host.ts';
import { setDefectHandler, unwatch, watch } from './loop.ts';

const EAGAIN = -11;
const EXIT_DEFECT = 70;
const READ_BYTES = 65536;

const signalNumbers: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGUSR1: 10,
  SIGUSR2: 12,
  SIGPIPE: 13,
  SIGTERM: 15,
  SIGCHLD: 17,
};
const signalNames = new Map(Object.entries(signalNumbers).map(([name, number]) => [number, name]));

type Done = (error?: Error | null) => void;

/** A standard stream: what its reader does not take waits, and is counted by `writableLength`. */
class Output extends EventEmitter {
  writableLength = 0;
  readonly fd: number;
  #waiting: { bytes: Uint8Array; readonly done: Done | undefined }[] = [];
  #isWatched = false;

  constructor(fd: number) {
    super();
    this.fd = fd;
  }

  get isTTY(): boolean {
    return host.isTerminal(this.fd);
  }

  write(content: string | Uint8Array, encodingOrDone?: unknown, doneOrNothing?: Done): boolean {
    const done = typeof encodingOrDone === 'function' ? (encodingOrDone as Done) : doneOrNothing;
    const encoding = typeof encodingOrDone === 'string' ? encodingOrDone : undefined;
    const bytes = typeof content === 'string' ? Buffer.from(content, encoding) : content;
    this.#waiting.push({ bytes, done });
    this.writableLength += bytes.length;
    if (!this.#isWatched) this.#flush();
    return this.writableLength === 0;
  }

  readonly #flush = (): void => {
    for (let first = this.#waiting[0]; first; first = this.#waiting[0]) {
      const count = first.bytes.length === 0 ? 0 : host.print(this.fd, first.bytes);
      if (count === EAGAIN) return this.#wait(true);
      if (count < 0) return this.#fail(count);
      this.writableLength -= count;
      if (count < first.bytes.length) {
        first.bytes = first.bytes.subarray(count);
        continue;
      }
      this.#waiting.shift();
      const { done } = first;
      if (done) host.queueMicrotask(() => done());
    }
    this.#wait(false);
  };

  /** A file is always ready, which epoll refuses to say: then the write blocked and there is nothing to wait for. */
  #wait(isWatched: boolean): void {
    if (this.#isWatched === isWatched) return;
    this.#isWatched = isWatched;
    if (isWatched) watch(this.fd, this.#flush, EVENTS.writable);
    else unwatch(this.fd);
  }

  #fail(result: number): void {
    this.#wait(false);
    const error = systemError(result, 'write');
    const lost = this.#waiting.splice(0);
    this.writableLength = 0;
    host.queueMicrotask(() => {
      for (const { done } of lost) done?.(error);
      this.emit('error', error);
    });
  }
}

class Input extends EventEmitter {
  readonly fd = 0;
  #isReading = false;

  get isTTY(): boolean {
    return host.isTerminal(this.fd);
  }

  setEncoding(): this {
    return this;
  }

  setRawMode(isRaw: boolean): this {
    host.rawMode(this.fd, isRaw);
    return this;
  }

  override on(event: string, listener: Listener): this {
    super.on(event, listener);
    if (event === 'data') this.resume();
    return this;
  }

  resume(): this {
    if (!this.#isReading) watch(this.fd, () => this.#read(), EVENTS.readable);
    this.#isReading = true;
    return this;
  }

  pause(): this {
    if (this.#isReading) unwatch(this.fd);
    this.#isReading = false;
    return this;
  }

  #read(): void {
    const answer = host.read(this.fd, READ_BYTES);
    if (typeof answer !== 'number' && answer.byteLength > 0)
      return void this.emit('data', new Buffer(answer).toString());
    this.pause();
    this.emit('end');
  }

  /** Reads at once: a file that is standard input cannot be waited for. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    for (;;) {
      const part = new Buffer(callSync('read', this.fd, READ_BYTES, -1) as ArrayBuffer);
      if (part.length === 0) return;
      yield part;
    }
  }
}

class Process extends EventEmitter {
  readonly platform = 'linux';
  readonly arch: string = 'x64';
  readonly versions: Readonly<Record<string, string>> = {};
  readonly version = '';
  readonly release = { name: 'mote-tiny' };
  readonly execPath = '/proc/self/exe';
  readonly execArgv: readonly string[] = [];
  readonly argv: string[];
  readonly env: Record<string, string | undefined> = Object.create(null);
  readonly pid = host.process(0);
  readonly stdout = new Output(1);
  readonly stderr = new Output(2);
  readonly stdin = new Input();
  exitCode: number | undefined;
  #signals: number[] = [];
  #signalDescriptor = -1;

  constructor() {
    super();
    const [name = 'mote', ...rest] = host.arguments();
    this.argv = [name, name, ...rest];
    for (const line of host.environment()) {
      const end = line.indexOf('=');
      if (end > 0) this.env[line.slice(0, end)] = line.slice(end + 1);
    }
  }

  override on(event: string, listener: Listener): this {
    super.on(event, listener);
    const number = signalNumbers[event];
    if (number !== undefined && !this.#signals.includes(number)) this.#listen(number);
    return this;
  }

  #listen(number: number): void {
    this.#signals.push(number);
    const descriptor = host.signals(Int32Array.from(this.#signals));
    if (this.#signalDescriptor >= 0) {
      unwatch(this.#signalDescriptor);
      host.close(this.#signalDescriptor);
    }
    this.#signalDescriptor = descriptor;
    watch(descriptor, () => this.#takeSignals(), EVENTS.readable, false);
  }

  #takeSignals(): void {
    for (let number = host.nextSignal(this.#signalDescriptor); number > 0; ) {
      const name = signalNames.get(number);
      if (name) this.emit(name, name);
      number = host.nextSignal(this.#signalDescriptor);
    }
  }

  exit(code?: number): never {
    host.exit(code ?? this.exitCode ?? 0);
    throw new Error('the program has ended');
  }

  cwd(): string {
    return textOf(callSync('realpath', '.'));
  }

  getuid(): number {
    return host.process(1);
  }

  kill(pid: number, signal: string | number): true {
    const result = host.kill(pid, typeof signal === 'number' ? signal : (signalNumbers[signal] ?? 0));
    if (result < 0) throw systemError(result, 'kill');
    return true;
  }

  uptime(): number {
    return host.now() / 1000;
  }

  nextTick(callback: (...values: never[]) => void, ...values: never[]): void {
    host.queueMicrotask(() => callback(...values));
  }

  cpuUsage(): { user: number; system: number } {
    return { user: host.process(2), system: host.process(3) };
  }

  /** Only what the product asks for. */
  readonly memoryUsage = { rss: (): number => host.process(4) };
}

const process: Process = new Process();

setDefectHandler((error) => {
  const { message = String(error), stack = '' } = error as Error;
  callSync('write', 2, Buffer.from(`mote: defect: ${message}\n${stack}`), -1);
  host.exit(EXIT_DEFECT);
});

export default process;
export const { stdout, stderr, stdin, env, argv } = process;
