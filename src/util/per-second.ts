/** Renders a time once for each second, and not for each who asks. Milliseconds since the epoch. */
export function perSecond(render: (ms: number) => string): (ms: number) => string {
  let fromMs = 0;
  let untilMs = 0;
  let text = '';
  return (ms) => {
    if (ms < fromMs || ms >= untilMs) {
      fromMs = Math.floor(ms / 1000) * 1000;
      untilMs = fromMs + 1000;
      text = render(ms);
    }
    return text;
  };
}
