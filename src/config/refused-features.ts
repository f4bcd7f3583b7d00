/** What other servers have and mote leaves out on purpose, with what to use instead. docs/files.md has the reasons. */

interface RefusedFeature {
  readonly name: string;
  /** What people call it in options, without hyphens and words like "enable". */
  readonly words: readonly string[];
  readonly instead: string;
}

export const refusedFeatures: readonly RefusedFeature[] = [
  {
    name: 'upload',
    words: ['upload', 'uploads', 'uploadfiles', 'uploaddir', 'put', 'delete', 'mkdir'],
    instead: 'copy files with rsync or sftp',
  },
  { name: 'WebDAV', words: ['webdav', 'dav'], instead: 'run rclone serve webdav on the same folder' },
  {
    name: 'zip of folders',
    words: ['zip', 'zipfolder', 'zipfolders', 'archive', 'archives', 'tar', 'targz', 'downloadzip'],
    instead: 'make an archive and serve it, or use wget -r',
  },
  {
    name: 'live reload',
    words: ['livereload', 'reload', 'watch', 'hotreload'],
    instead: 'use the development server of your build tool; changed files are served at once',
  },
  {
    name: 'virtual hosts',
    words: ['vhost', 'vhosts', 'virtualhost', 'virtualhosts', 'domain', 'domains', 'servername'],
    instead: 'run one mote for each site behind nginx or Caddy',
  },
  {
    name: 'proxying',
    words: ['proxy', 'proxypass', 'reverseproxy', 'proxyurl'],
    instead: 'put nginx or Caddy in front, which sends some paths elsewhere',
  },
  {
    name: 'CGI',
    words: ['cgi', 'cgibin', 'fastcgi', 'php'],
    instead: 'run the program as a server beside mote, behind nginx or Caddy',
  },
  {
    name: 'ACME',
    words: ['acme', 'letsencrypt', 'autocert', 'autotls', 'autohttps'],
    instead: 'let certbot, Caddy or cert-manager get the certificate',
  },
  {
    name: 'directory passwords',
    words: ['htpasswd', 'htaccess', 'dirpassword', 'directorypassword', 'directorypasswords', 'authdir'],
    instead: 'use --auth for the whole site, or one mote for each folder',
  },
  {
    name: 'SMTP listener',
    words: ['smtplisten', 'smtplistener', 'smtpserverlisten'],
    instead: 'send to POST /notify with curl',
  },
];

/** The feature that an unknown flag, variable or key asks for. */
export function refusedFeature(name: string): RefusedFeature | undefined {
  const word = name
    .replace(/^(?:--(?:no-)?|MOTE_)/, '')
    .replace(/[-_]/g, '')
    .toLowerCase()
    .replace(/^(?:enable|allow|with|use)/, '');
  return refusedFeatures.find(({ words }) => words.includes(word));
}
