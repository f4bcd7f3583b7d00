import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { cacheControl } from './cache-policy.ts';
import { contentType } from './mime.ts';

const policy = {
  cacheHtml: 'no-cache',
  cacheFingerprinted: 'max-age=31536000, immutable',
  cacheOther: 'max-age=3600',
};

test('playlists of live streams are never kept, whatever the operator says of other files', () => {
  for (const name of ['live.m3u8', 'LIVE.M3U8', 'manifest.mpd', 'live-3f2a9b1c.m3u8'])
    assert.equal(cacheControl(name, contentType(name), policy), 'no-cache', name);
});

function kindOf(fileName: string): string {
  const value = cacheControl(fileName, contentType(fileName), policy);
  return Object.entries(policy).find(([, given]) => given === value)?.[0] ?? value;
}

const tables: Readonly<Record<keyof typeof policy, readonly (readonly [fileName: string, why: string])[]>> = {
  cacheHtml: [
    ['index.html', 'a page'],
    ['page.xhtml', 'a page too'],
    ['about-3f2a9b1c.html', 'pages are reached by name, whatever it holds'],
  ],
  cacheFingerprinted: [
    ['main.3f2a9b1c.css', 'webpack, 8 digits'],
    ['main.3f2a9b1c.chunk.js', 'Create React App'],
    ['main.3f2a9b1c.min.css', 'a tool behind the hash'],
    ['app.3f2a9b1c4d5e.js.map', 'a source map'],
    ['styles-d10a2b3c4e.css', 'gulp-rev, 10'],
    ['base.27e20196a850.js', 'Django, 12'],
    ['main-0f9a1b7c3d5e8f24.js', 'Next.js, 16'],
    ['logo.6ce24c58023cc2f8fd88.svg', 'webpack, 20'],
    ['app-5d41402abc4b2a76b9719d911017c592.css', 'Phoenix, MD5'],
    ['application-da39a3ee5e6b4b0d3255bfef95601890afd80709.js', 'SHA-1 in full'],
    ['style.min.9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08.css', 'Hugo, SHA-256'],
    ['inter_3f2a9b1c.woff2', 'an underscore in front'],
    ['photo-3f2a9b1c.webp', 'a picture'],
    ['intro.3f2a9b1c.mp4', 'a film'],
    ['index-BvYx3f2a.js', 'Vite'],
    ['index-B_x3-f2a.js', 'Vite, with separators in the hash'],
    ['index-D4iKq9Zt.css', 'Vite'],
    ['chunk-QHTUZL3P.js', 'esbuild'],
    ['main-S5N4URTO.js', 'Angular'],
    ['engine-B2xQ7vK1.wasm', 'WebAssembly'],
  ],
  cacheOther: [
    // Words.
    ['app.js', 'a plain name'],
    ['jquery-migrated.js', 'eight letters'],
    ['defaced-effaced.js', 'seven letters that are hexadecimal digits'],
    ['theme-deadbeef.css', 'eight letters that are hexadecimal digits'],
    ['theme-facade12.css', 'a word and a number'],
    ['menu-cafe2024.jpg', 'a word and a year'],
    ['poster-Summer24.jpg', 'a word and a year'],
    ['face-face2face.js', 'two words and a number'],
    ['3f2a9b1c.js', 'nothing in front of the separator'],
    ['.3f2a9b1c.js', 'nothing in front of the separator'],
    // Dates and numbers.
    ['photo-20240115.jpg', 'a date'],
    ['IMG_20240115.jpg', 'a date'],
    ['photo-20240115ab.jpg', 'a date and two letters'],
    ['photo-20240115a1b2.jpg', 'a date and more'],
    ['site-15dec24b.css', 'a date with its month'],
    ['site-12dec2024b3c.css', 'a date with its month, and more'],
    ['style-1feb2024.css', 'a date with its month'],
    ['photo-0123456789.jpg', 'digits only'],
    ['DSC_00012345.jpg', 'digits only'],
    ['clip-1080p60.mp4', 'what a film is like'],
    // Versions.
    ['jquery-3.7.1.min.js', 'a version'],
    ['lib-v1.2.3.js', 'a version'],
    ['bootstrap-5.3.0-alpha1.css', 'a version'],
    ['app.v20240115.js', 'a version'],
    ['app-1.0.0-rc.1.js', 'a version'],
    // Names in the manner of programs.
    ['to-Uint8Array.js', 'digit between letters, 10 characters'],
    ['use-Web3Auth.js', 'three words'],
    ['gl-Mat4Vec3.js', 'four words'],
    ['use-K8sV2Beta3.js', 'as mixed as a hash, but longer'],
    ['skin-A1B2C3D9.css', 'capitals, but not base32'],
    ['step-p1q2r3s4.js', 'small letters, but not hexadecimal'],
    ['lib-MyAppUi1.js', 'words and a number'],
    ['convert-MP3toMP4.js', 'as mixed as a hash, but joined by a word'],
    ['babel-ES6toES5.js', 'as mixed as a hash, but joined by a word'],
    ['font-4KPOSTER.woff2', 'two words in capitals'],
    ['chart-B2BvsB2C.png', 'no letters-only hash is believed of a picture'],
    ['poster-4Kwallpaper.jpg', 'no letters-only hash is believed of a picture'],
    ['logo-BvYx3f2a.png', 'the price of it'],
    ['main-5INURTSO.js', 'a hash, but too even'],
    ['index-DiwrgTda.js', 'a hash, but without a digit it may be a name'],
    // Ids of things that change.
    ['avatar-550e8400-e29b-41d4-a716-a1b2c3d4e5f6.jpg', 'a UUID'],
    ['avatar-507f1f77bcf86cd799439011.jpg', 'an ObjectId, 24'],
    ['config-001565aabb1c.json', 'an address in the name of a document'],
    // Documents and data.
    ['report-2024final.pdf', 'a document'],
    ['report-3f2a9b1c.pdf', 'a document'],
    ['data-3f2a9b1c.json', 'data'],
    ['release-3f2a9b1c.zip', 'an archive'],
    ['main.3f2a9b1c.js.LICENSE.txt', 'text'],
    ['LICENSE', 'no extension'],
  ],
};

for (const [kind, cases] of Object.entries(tables)) {
  describe(`Cache-Control: ${kind}`, () => {
    for (const [fileName, why] of cases) {
      test(`${fileName} (${why})`, () => assert.equal(kindOf(fileName), kind));
    }
  });
}
