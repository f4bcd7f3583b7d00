/** What senders send to the hooks of docs/hooks.md: the shapes are theirs, the values our own. */
import { anonymous, type Delivered } from './hooks.ts';
import { TOKEN } from './notify.ts';

export interface Sent {
  readonly name: string;
  readonly path: string;
  readonly body: object | string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Signed in this header, behind this prefix, without a token. */
  readonly signature?: readonly [header: string, prefix: string];
  /** `undefined` for what nobody wants to know. */
  readonly expected: Partial<Delivered> | undefined;
}

const github = (event: string, id = event) => ({
  'X-GitHub-Event': event,
  'X-GitHub-Delivery': id,
  ...anonymous,
});
const hub = ['X-Hub-Signature-256', 'sha256='] as const;
const push = {
  ref: 'refs/heads/main',
  before: '1'.repeat(40),
  compare: 'https://git.example/a/b/compare/1..2',
  head_commit: { id: 'ab12', message: 'Fix pump' },
  commits: [
    { id: 'ab11', message: 'Mend <hose>', author: { name: 'Kim', email: 'kim@git.example' } },
    { id: 'ab12', message: 'Fix pump\n\nIt leaked.', author: { name: 'Lee' } },
  ],
  repository: { full_name: 'a/b', html_url: 'https://git.example/a/b' },
  pusher: { name: 'kim' },
  sender: { login: 'kim' },
};
const issue = {
  action: 'opened',
  issue: {
    number: 7,
    title: 'Pump leaks',
    body: 'See "photo"',
    html_url: 'https://git.example/a/b/issues/7',
  },
  repository: { full_name: 'a/b' },
  sender: { login: 'lee' },
};
const run = {
  action: 'completed',
  workflow_run: {
    id: 7,
    name: 'ci',
    display_title: 'Fix pump',
    conclusion: 'failure',
    html_url: 'https://git.example/a/b/actions/runs/7',
  },
  repository: { full_name: 'a/b' },
  sender: { login: 'kim' },
};
const release = {
  action: 'published',
  release: { name: '', tag_name: 'v2', body: '* faster', html_url: 'https://git.example/a/b/releases/v2' },
  repository: { full_name: 'a/b' },
  sender: { login: 'kim' },
};
const ping = { zen: 'Keep it logically awesome.', hook_id: 1, hook: { type: 'Repository' } };
const pushed = {
  title: 'a/b: push refs/heads/main',
  text: '- Mend <hose> (Kim)\n- Fix pump It leaked. (Lee)\nby kim',
  url: 'https://git.example/a/b/compare/1..2',
};
const beat = { monitorID: 4, status: 0, time: '2026-11-02 10:00:00.000', msg: 'timeout', important: true };
const down = {
  heartbeat: beat,
  monitor: { id: 4, name: 'Shop', url: 'https://shop.example' },
  msg: '[Shop] [🔴 Down] timeout',
};
const multipart = (name: string, value: string) =>
  `--b1\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n--b1--\r\n`;

export const sent: readonly Sent[] = [
  {
    name: 'GitHub: push',
    path: 'github',
    body: push,
    headers: github('push'),
    signature: hub,
    expected: pushed,
  },
  {
    name: 'GitHub: push as a form',
    path: 'github',
    body: `payload=${encodeURIComponent(JSON.stringify({ ...push, ref: 'refs/tags/v1' }))}`,
    headers: { ...github('push', 'form'), 'Content-Type': 'application/x-www-form-urlencoded' },
    signature: hub,
    expected: { ...pushed, title: 'a/b: push refs/tags/v1' },
  },
  {
    name: 'GitHub: a branch is deleted',
    path: 'github',
    body: { ...push, deleted: true, head_commit: null, commits: [] },
    headers: github('push', 'deleted'),
    signature: hub,
    expected: { ...pushed, text: 'by kim' },
  },
  {
    name: 'GitHub: issues',
    path: 'github',
    body: issue,
    headers: github('issues'),
    signature: hub,
    expected: {
      title: 'a/b: issues opened',
      text: 'Pump leaks\nSee "photo"\nby lee',
      url: 'https://git.example/a/b/issues/7',
    },
  },
  {
    name: 'GitHub: workflow_run',
    path: 'github',
    body: run,
    headers: github('workflow_run'),
    signature: hub,
    expected: {
      title: 'a/b: workflow_run completed',
      text: 'Fix pump\nci: failure\nby kim',
      url: 'https://git.example/a/b/actions/runs/7',
    },
  },
  {
    name: 'GitHub: release, which it tells three times',
    path: 'github',
    body: release,
    headers: github('release', 'published'),
    signature: hub,
    expected: {
      title: 'a/b: release published',
      text: 'v2\n* faster\nby kim',
      url: 'https://git.example/a/b/releases/v2',
    },
  },
  ...['created', 'released'].map((action) => ({
    name: `GitHub: release ${action}`,
    path: 'github',
    body: { ...release, action },
    headers: github('release', action),
    signature: hub,
    expected: undefined,
  })),
  {
    name: 'GitHub: a comment is created',
    path: 'github',
    body: { ...issue, action: 'created', comment: { body: 'Same here', html_url: 'https://git.example/c' } },
    headers: github('issue_comment'),
    signature: hub,
    expected: { title: 'a/b: issue_comment created', text: 'Pump leaks\nSame here\nby lee' },
  },
  {
    name: 'GitHub: ping',
    path: 'github',
    body: ping,
    headers: github('ping'),
    signature: hub,
    expected: undefined,
  },
  {
    name: 'Gitea: push',
    path: 'gitea',
    body: {
      ...push,
      compare: undefined,
      compare_url: 'https://tea.example/a/b/compare/1...2',
      total_commits: 2,
    },
    headers: { 'X-Gitea-Event': 'push', 'X-Gitea-Delivery': 'd1', 'X-GitHub-Event': 'push', ...anonymous },
    signature: ['X-Gitea-Signature', ''],
    expected: {
      title: 'a/b: push refs/heads/main',
      text: '- Mend <hose> (Kim)\n- Fix pump It leaked. (Lee)',
      url: 'https://tea.example/a/b/compare/1...2',
    },
  },
  {
    name: 'GitLab: pipeline',
    path: 'gitlab',
    body: {
      object_kind: 'pipeline',
      object_attributes: {
        id: 31,
        ref: 'main',
        status: 'failed',
        url: 'https://lab.example/a/b/-/pipelines/31',
      },
      project: { path_with_namespace: 'a/b', web_url: 'https://lab.example/a/b' },
      commit: { message: 'Fix' },
    },
    headers: { 'X-Gitlab-Event': 'Pipeline Hook', 'X-Gitlab-Token': TOKEN, ...anonymous },
    expected: {
      title: 'a/b: pipeline failed',
      text: 'main Fix',
      url: 'https://lab.example/a/b/-/pipelines/31',
    },
  },
  {
    name: 'GitLab: pipeline that runs',
    path: 'gitlab',
    body: { object_kind: 'pipeline', object_attributes: { id: 31, status: 'running' } },
    headers: { 'X-Gitlab-Token': TOKEN, ...anonymous },
    expected: undefined,
  },
  {
    name: 'Uptime Kuma: JSON',
    path: 'kuma',
    body: down,
    expected: { title: 'Shop', text: '[Shop] [🔴 Down] timeout', url: 'https://shop.example/' },
  },
  {
    name: 'Uptime Kuma: form data',
    path: 'kuma',
    body: multipart('data', JSON.stringify({ ...down, heartbeat: { ...beat, time: 'later' } })),
    headers: { 'Content-Type': 'multipart/form-data; boundary=b1' },
    expected: { title: 'Shop', text: '[Shop] [🔴 Down] timeout' },
  },
  {
    name: 'Uptime Kuma: the button Test',
    path: 'kuma',
    body: { heartbeat: null, monitor: null, msg: 'Phone Testing' },
    expected: { title: 'Uptime Kuma', text: 'Phone Testing', url: '' },
  },
  {
    name: 'Uptime Kuma: a monitor without a URL',
    path: 'kuma',
    body: { ...down, heartbeat: { ...beat, status: 1 }, monitor: { name: 'Ping', url: 'https://' } },
    expected: { title: 'Ping', text: '[Shop] [🔴 Down] timeout', url: '' },
  },
  {
    name: 'healthchecks',
    path: 'healthchecks',
    body: { title: 'nightly backup', text: 'down prod', status: 'down' },
    expected: { title: 'nightly backup', text: 'down prod' },
  },
  {
    name: 'Synology',
    path: `synology/${TOKEN}`,
    body: '{"title": "NAS", "text": "Volume 1 is degraded."}',
    headers: anonymous,
    expected: { title: 'NAS', text: 'Volume 1 is degraded.' },
  },
  {
    name: 'Synology, quotes not escaped',
    path: `synology/${TOKEN}`,
    body: '{"title": "NAS", "text": "Task "backup" failed."}',
    headers: anonymous,
    expected: { title: 'synology', text: '{"title": "NAS", "text": "Task "backup" failed."}' },
  },
  {
    name: 'Proxmox: backup',
    path: 'proxmox',
    body: {
      title: 'vzdump backup status',
      text: 'Backup failed\n\n101 web',
      severity: 'error',
      host: 'pve1',
    },
    expected: { title: 'pve1: vzdump backup status', text: 'Backup failed\n\n101 web' },
  },
  {
    name: 'Jellyfin: JSON as text/plain',
    path: 'jellyfin',
    body: {
      NotificationType: 'ItemAdded',
      ServerName: 'den',
      ServerUrl: 'https://tv.example',
      Name: 'Pilot',
      ItemType: 'Episode',
      SeriesName: 'Show',
      SeasonNumber: 1,
      EpisodeNumber: 1,
      ItemId: '9f',
    },
    headers: { 'Content-Type': 'text/plain; charset=utf-8' },
    expected: { title: 'den: ItemAdded', text: 'Show S1 E1\nPilot', url: 'https://tv.example/' },
  },
  {
    name: 'Jellyfin: playback',
    path: 'jellyfin',
    body: { NotificationType: 'PlaybackStart', ServerName: 'den' },
    expected: undefined,
  },
  {
    name: 'Docker Hub',
    path: `dockerhub/${TOKEN}`,
    body: {
      callback_url: 'https://x.example/',
      push_data: { pushed_at: 1_700_000_000, pusher: 'kim', tag: 'v2', images: [] },
      repository: { repo_name: 'kim/app', repo_url: 'https://hub.example/r/kim/app' },
    },
    headers: anonymous,
    expected: { title: 'kim/app:v2', text: 'pushed by kim', url: 'https://hub.example/r/kim/app' },
  },
  {
    name: 'Sonarr: grab, by Basic',
    path: 'arr',
    body: {
      eventType: 'Grab',
      instanceName: 'Sonarr',
      series: { id: 1, title: 'Show' },
      episodes: [{ seasonNumber: 1, episodeNumber: 2, title: 'Two' }],
      release: { releaseTitle: 'Show.S01E02', size: 1 },
      downloadId: 'AB',
      applicationUrl: '',
    },
    headers: { Authorization: `Basic ${Buffer.from(`sonarr:${TOKEN}`).toString('base64')}` },
    expected: { title: 'Sonarr: Grab', text: 'Show\n- S1 E2 Two\nShow.S01E02', url: '' },
  },
  {
    name: 'Radarr: health',
    path: 'arr',
    body: {
      eventType: 'Health',
      instanceName: 'Radarr',
      level: 'warning',
      message: 'Indexer down',
      type: 'IndexerStatusCheck',
      wikiUrl: 'https://wiki.example',
    },
    expected: { title: 'Radarr: Health', text: 'Indexer down', url: 'https://wiki.example/' },
  },
  { name: 'Radarr: test', path: 'arr', body: { eventType: 'Test' }, expected: undefined },
  {
    name: 'Watchtower',
    path: 'watchtower',
    body: {
      title: 'Watchtower',
      host: 'nas',
      entries: [{ level: 'info', message: 'Found new image', data: {}, time: '2026-11-02T10:00:00Z' }],
      report: { updated: [{ name: '/web', imageName: 'web:1', state: 'Updated' }], failed: [], scanned: [] },
    },
    expected: { title: 'Watchtower', text: '- updated: /web (web:1)\nFound new image' },
  },
  {
    name: 'Watchtower without the list',
    path: 'watchtower',
    body: { title: 'Watchtower updates on nas', message: '1 container updated' },
    expected: { title: 'Watchtower updates on nas', text: '1 container updated' },
  },
  {
    name: 'Sentry',
    path: 'sentry',
    body: {
      action: 'triggered',
      actor: { type: 'application', id: 'sentry' },
      data: {
        event: {
          event_id: 'e1',
          title: 'TypeError: x',
          culprit: 'main',
          level: 'error',
          web_url: 'https://sentry.example/1',
        },
        triggered_rule: 'prod errors',
      },
    },
    headers: { 'Sentry-Hook-Resource': 'event_alert', ...anonymous },
    signature: ['Sentry-Hook-Signature', ''],
    expected: { title: 'prod errors: TypeError: x', text: 'main', url: 'https://sentry.example/1' },
  },
  {
    name: 'Home Assistant: a form',
    path: 'any',
    body: 'message=Door+open&title=Hall&target=x',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    expected: { title: 'Hall', text: 'Door open' },
  },
  {
    name: 'anything else: UniFi Protect',
    path: 'any',
    body: '{"alarm":{"name":"Gate","triggers":[{"key":"motion"}]},"timestamp":1700000000000}',
    expected: {
      title: 'any',
      text: '{"alarm":{"name":"Gate","triggers":[{"key":"motion"}]},"timestamp":1700000000000}',
    },
  },
];
