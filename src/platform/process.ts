/** Node's `process`: standard streams, signals, arguments, and the end of the program. */
import { Buffer } from './buffer.ts';
import { Duplex } from './duplex.ts';
import { EventEmitter, type Listener } from './events.ts';
import { textOf } from './fs.ts';
import { callSync, EVENTS, host, systemError } from './host.ts';
import { setDefectHandler, unwatch, watch } from './loop.ts';

const EAGAIN = -11;
const EXIT_DEFECT = 70;
const READ_BYTES = 65536;
/** What signalfd(2) tells of a signal. */
const SIGNAL_BYTES = 128;

/** By their numbers. */
const signalNames = Object.entries({
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGUSR1: 10,
  SIGUSR2: 12,
  SIGTERM: 15,
});

/** A standard stream. Another write may succeed after one that failed: what failed is lost, and the stream stays. */
class Output extends Duplex {
  readonly fd: number;

  constructor(fd: number) {
    super();
    this.fd = fd;
  }

  get isTTY(): boolean {
    return host.isTerminal(this.fd);
  }

  protected override get canSend(): boolean {
    return true;
  }

  protected override send(content: string | Uint8Array, more: Uint8Array): number {
    const text = typeof content === 'string' ? Buffer.from(content, 'latin1') : content;
    const bytes = more.length > 0 ? Buffer.concat([text, more]) : text;
    for (let sent = 0; sent < bytes.length; ) {
      const count = host.print(this.fd, bytes.subarray(sent));
      if (count === EAGAIN) return sent;
      if (count < 0) return this.lose(systemError(count, 'write'));
      sent += count;
    }
    return bytes.length;
  }

  protected override setFull(isFull: boolean): void {
    if (isFull) watch(this.fd, { onEvents: () => this.flush() }, EVENTS.writable);
    else unwatch(this.fd);
  }

  protected override setReading(): void {}
  protected override sendEnd(): void {}
  protected override release(): void {}
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
    if (!this.#isReading) watch(this.fd, { onEvents: () => this.#read() }, EVENTS.readable);
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
    if (typeof answer !== 'number') return void this.emit('data', new Buffer(answer).toString());
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
  readonly versions: Readonly<Record<string, string>> = {};
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
    const [, number] = signalNames.find(([name]) => name === event) ?? [];
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
    watch(descriptor, { onEvents: () => this.#takeSignals() }, EVENTS.readable, false);
  }

  #takeSignals(): void {
    for (;;) {
      const answer = host.read(this.#signalDescriptor, SIGNAL_BYTES);
      if (typeof answer === 'number') return;
      const [number] = new Int32Array(answer);
      const [name] = signalNames.find((one) => one[1] === number) ?? [];
      if (name) this.emit(name, name);
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

  uptime(): number {
    return host.now() / 1000;
  }

  nextTick(callback: () => void): void {
    host.queueMicrotask(callback);
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
