/**
 * Reads TypeScript files into the plain facts that the rules of `tidy.ts` judge: what a file imports, what it
 * calls, how long its functions are. The parser is the compiler's own, through its API for tools; that API is
 * not stable yet, so this is the only file that knows it.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import * as ast from 'typescript/unstable/ast';
import { API } from 'typescript/unstable/async';
import { createVirtualFileSystem } from 'typescript/unstable/fs';

export interface Import {
  /** A file of the repository, a module of Node (with its `node:`), or a package. */
  readonly kind: 'file' | 'builtin' | 'package';
  /** A path from the root of the repository for a file, otherwise the specifier as it stands. */
  readonly target: string;
  /** Erased before the program runs. `import { type A }` is not: the module is still loaded. */
  readonly typeOnly: boolean;
  /** What is taken, inline types left out; `*` for a namespace, `import()`, a plain import or `export *`. */
  readonly names: readonly string[];
}

export interface FunctionFact {
  readonly name: string;
  readonly line: number;
  readonly lines: number;
  /** The body of a `describe` or `suite`: a heading over functions, not one itself. */
  readonly suite: boolean;
}

/** `receiver.name`; of `a.b.name` the receiver is `b`, and it is empty where it has no name. */
export interface Member {
  readonly receiver: string;
  readonly name: string;
  readonly line: number;
}

/** A regular expression as it is written. */
export interface Pattern {
  readonly text: string;
  readonly line: number;
}

export interface SourceFile {
  readonly path: string;
  readonly text: string;
  readonly imports: readonly Import[];
  readonly functions: readonly FunctionFact[];
  readonly members: readonly Member[];
  /** Names used as values, other than as the receiver of a member. */
  readonly values: ReadonlySet<string>;
  /** Every name that occurs in code, types included. */
  readonly words: ReadonlySet<string>;
  /** Names that are declared and exported here; what is only passed on is not among them. */
  readonly exports: ReadonlySet<string>;
  /** What the literals say, those of imports and the pieces of templates included. */
  readonly strings: ReadonlySet<string>;
  /** Lines on which a literal of an object or a list is spread. */
  readonly spreads: readonly number[];
  /** Regular expressions within functions, where they are made anew at each call. */
  readonly patterns: readonly Pattern[];
}

/** Texts by path from the root of the repository, with `/` between the segments. */
export type Texts = Readonly<Record<string, string>>;

const skipped = new Set(['.git', 'node_modules', 'dist']);

/** All text files under `root`; a file with a NUL byte is not text. */
export function readTexts(root: string): Texts {
  const texts: Record<string, string> = {};
  const visit = (folder: string) => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = posix.join(folder, entry.name);
      if (skipped.has(entry.name)) continue;
      if (entry.isDirectory()) visit(path);
      if (!entry.isFile()) continue;
      const text = readFileSync(join(root, path), 'utf8');
      // Of a picture only that it is there.
      texts[path] = text.includes('\0') ? '' : text;
    }
  };
  visit('');
  return texts;
}

const config = '/tsconfig.json';

/** The facts of every TypeScript file among `texts`. */
export async function parse(texts: Texts): Promise<SourceFile[]> {
  const sources = Object.entries(texts).filter(([path]) => path.endsWith('.ts'));
  const files = sources.map(([path, text]): [string, string] => [`/${path}`, text]);
  const options = {
    compilerOptions: { noResolve: true, noLib: true, types: [] },
    files: files.map(([path]) => path),
  };
  const virtual = Object.fromEntries([[config, JSON.stringify(options)], ...files]);
  const api = new API({ fs: createVirtualFileSystem(virtual), cwd: '/' });
  try {
    const snapshot = await api.updateSnapshot({ openProjects: [config] });
    const program = snapshot.getProject(config)?.program;
    const parseOne = async ([path, text]: readonly [string, string]) => {
      const file = await program?.getSourceFile(`/${path}`);
      if (!file) throw new Error(`${path} could not be parsed`);
      return factsOf(path, text, file);
    };
    return await Promise.all(sources.map(parseOne));
  } finally {
    await api.close();
  }
}

interface Collected {
  readonly imports: Import[];
  readonly functions: FunctionFact[];
  readonly members: Member[];
  readonly values: Set<string>;
  readonly words: Set<string>;
  readonly exports: Set<string>;
  readonly strings: Set<string>;
  readonly spreads: number[];
  readonly patterns: Pattern[];
}

function factsOf(path: string, text: string, file: ast.SourceFile): SourceFile {
  const found: Collected = {
    imports: [],
    functions: [],
    members: [],
    values: new Set(),
    words: new Set(),
    exports: new Set(),
    strings: new Set(),
    spreads: [],
    patterns: [],
  };
  const lineOf = (position: number) => file.getLineAndCharacterOfPosition(position).line + 1;
  const visit = (node: ast.Node) => {
    const imported = importOf(path, node);
    if (imported) found.imports.push(imported);
    if (ast.isFunctionLikeDeclaration(node)) {
      const line = lineOf(node.getStart(file));
      const lines = lineOf(node.end) - line + 1;
      found.functions.push({ name: nameOf(node), line, lines, suite: isSuite(node) });
    } else if (ast.isPropertyAccessExpression(node)) {
      const name = node.name.text;
      found.members.push({ receiver: receiverOf(node.expression), name, line: lineOf(node.end) });
    } else if (ast.isIdentifier(node)) {
      found.words.add(node.text);
      if (isValue(node)) found.values.add(node.text);
    } else if (ast.isStringLiteral(node) || ast.isTemplateLiteralToken(node)) {
      found.strings.add(node.text);
    } else if (isSpreadLiteral(node)) {
      found.spreads.push(lineOf(node.getStart(file)));
    } else if (ast.isRegularExpressionLiteral(node) && isRepeated(node)) {
      found.patterns.push({ text: node.text, line: lineOf(node.getStart(file)) });
    }
    node.forEachChild(visit);
  };
  file.forEachChild((node) => {
    for (const name of exportedNames(node)) found.exports.add(name);
    visit(node);
  });
  return { path, text, ...found };
}

function importOf(path: string, node: ast.Node): Import | undefined {
  const make = (specifier: ast.Node | undefined, typeOnly: boolean, names: readonly string[]) => {
    if (!specifier || !ast.isStringLiteral(specifier)) return undefined;
    return { ...resolve(path, specifier.text), typeOnly, names };
  };
  if (ast.isImportDeclaration(node)) {
    const typeOnly = node.importClause?.phaseModifier === ast.SyntaxKind.TypeKeyword;
    return make(node.moduleSpecifier, typeOnly, importedNames(node.importClause));
  }
  if (ast.isExportDeclaration(node)) return make(node.moduleSpecifier, node.isTypeOnly, ['*']);
  if (ast.isImportTypeNode(node) && ast.isLiteralTypeNode(node.argument)) {
    return make(node.argument.literal, true, ['*']);
  }
  const dynamic = ast.isCallExpression(node) && node.expression.kind === ast.SyntaxKind.ImportKeyword;
  return dynamic ? make(node.arguments[0], false, ['*']) : undefined;
}

function resolve(path: string, specifier: string): Pick<Import, 'kind' | 'target'> {
  if (specifier.startsWith('.')) return { kind: 'file', target: posix.join(posix.dirname(path), specifier) };
  return { kind: specifier.startsWith('node:') ? 'builtin' : 'package', target: specifier };
}

function importedNames(clause: ast.ImportClause | undefined): readonly string[] {
  const names = clause?.name ? ['default'] : [];
  const bindings = clause?.namedBindings;
  if (bindings && ast.isNamedImports(bindings)) {
    const taken = bindings.elements.filter(({ isTypeOnly }) => !isTypeOnly);
    return [...names, ...taken.map(({ name, propertyName }) => (propertyName ?? name).text)];
  }
  return bindings || !clause ? [...names, '*'] : names;
}

function exportedNames(node: ast.Node): readonly string[] {
  const { modifiers, name } = node as { modifiers?: readonly ast.Node[]; name?: ast.Node };
  if (!modifiers?.some(({ kind }) => kind === ast.SyntaxKind.ExportKeyword)) return [];
  const named = ast.isVariableStatement(node) ? node.declarationList.declarations : [{ name }];
  return named.flatMap(({ name }) => (name && ast.isIdentifier(name) ? [name.text] : []));
}

function isSpreadLiteral(node: ast.Node): boolean {
  if (!ast.isSpreadElement(node) && !ast.isSpreadAssignment(node)) return false;
  let value: ast.Node = node.expression;
  while (ast.isParenthesizedExpression(value) || ast.isAsExpression(value)) value = value.expression;
  return ast.isObjectLiteralExpression(value) || ast.isArrayLiteralExpression(value);
}

/** Evaluated not once for the module, but at each call, or for each object of a class. */
function isRepeated(node: ast.Node): boolean {
  for (let at = node; at.parent; at = at.parent) {
    if (ast.isFunctionLikeDeclaration(at)) return true;
    if (ast.isPropertyDeclaration(at) && !at.modifiers?.some(isStatic)) return true;
  }
  return false;
}

function isStatic({ kind }: ast.Node): boolean {
  return kind === ast.SyntaxKind.StaticKeyword;
}

function nameOf(node: ast.FunctionLikeDeclaration): string {
  const { parent } = node;
  // A test is named by the first argument of its call.
  const title = ast.isCallExpression(parent) ? parent.arguments[0] : undefined;
  if (title && ast.isStringLiteral(title)) return title.text;
  const named = [node, parent].find(
    (owner): owner is ast.Node & { name: ast.Node } => 'name' in owner && !!owner.name,
  );
  return (
    named?.name.getText() ??
    (ast.isConstructorDeclaration(node) ? 'constructor' : 'a function without a name')
  );
}

function isSuite({ parent }: ast.Node): boolean {
  return ast.isCallExpression(parent) && /^(describe|suite)\b/.test(parent.expression.getText());
}

function receiverOf(node: ast.Expression): string {
  if (ast.isIdentifier(node)) return node.text;
  return ast.isPropertyAccessExpression(node) ? node.name.text.replace('#', '') : '';
}

/** Whether an identifier stands for a value, rather than naming something or standing in a type. */
function isValue(node: ast.Identifier): boolean {
  const { parent } = node;
  if (ast.isShorthandPropertyAssignment(parent)) return true;
  if (ast.isTypeNode(parent) || ast.isQualifiedName(parent)) return false;
  if (ast.isPropertyAccessExpression(parent)) return false;
  const { name, propertyName } = parent as { name?: ast.Node; propertyName?: ast.Node };
  return name !== node && propertyName !== node;
}
