/** Kinds of files by their extensions, for icons. Pure. */

/** The class of an icon in the style of the listing, and the extensions that have it. */
const extensions: Readonly<Record<string, string>> = {
  i: 'avif bmp gif heic ico jpeg jpg jxl png psd svg tif tiff webp',
  a: 'aac aif aiff flac m4a mid mp3 oga ogg opus wav wma',
  v: 'avi m3u8 m4v mkv mov mp4 mpeg mpg ogv webm wmv',
  z: '7z apk br bz2 cab deb dmg gz img iso jar lz lz4 qcow2 rar rpm tar tgz txz whl xz zip zst',
  c: 'bat c cc cjs cpp cs css go h hpp htm html java js json jsx kt lua mjs mts php pl ps1 py rb rs scss sh sql swift toml ts tsx vue wasm xml yaml yml',
  t: 'adoc asc bib cfg conf csv diff doc docx epub ini log markdown md odp ods odt org patch pdf ppt pptx rst rtf sig tex tsv txt xls xlsx',
};

let classes: ReadonlyMap<string, string> | undefined;

function makeClasses(): ReadonlyMap<string, string> {
  const pairs = Object.entries(extensions).flatMap(([icon, names]) =>
    names.split(' ').map((name): [string, string] => [name, icon]),
  );
  return new Map(pairs);
}

/** The class of the icon for a file name; `f` for any other file. */
export function iconOf(fileName: string): string {
  classes ??= makeClasses();
  const dot = fileName.lastIndexOf('.');
  return (dot > 0 && classes.get(fileName.slice(dot + 1).toLowerCase())) || 'f';
}
