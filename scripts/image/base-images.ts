import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/**
 * Lays out what an image of a registry would bring, from this machine. Debian's files are the machine's own; everything
 * that the Dockerfile adds to them is done as it says.
 */
export function layOutBase(base: string, root: string): void {
  mkdirSync(root, { recursive: true });
  if (/^docker\.io\/library\/node:[\d.]+-bookworm-slim$/.test(base)) return layOutNode(base, root);
  if (base === 'gcr.io/distroless/cc-debian12:nonroot') return layOutDistroless(root);
  throw new Error(`scripts/image/base-images.ts does not know what ${base} brings; describe it there`);
}

/** Node and npm where that image has them; the rest of Debian is there when a command runs. */
function layOutNode(base: string, root: string): void {
  const wanted = /:([\d.]+)-/.exec(base)?.[1];
  const node = join(import.meta.dirname, '../../node_modules/node/bin/node');
  const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim().slice(1);
  if (version !== wanted)
    throw new Error(`The Dockerfile builds on Node ${wanted}, package.json on ${version}; make them one`);
  const bin = join(root, 'usr/local/bin');
  mkdirSync(bin, { recursive: true });
  cpSync(node, join(bin, 'node'));
  const npm = dirname(dirname(realpathSync(execFileSync('sh', ['-c', 'command -v npm'], { encoding: 'utf8' }).trim())));
  cpSync(npm, join(root, 'usr/local/lib/node_modules/npm'), { recursive: true });
  symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(bin, 'npm'));
}

/** Of libraries that image has these, and no shell. */
const librariesOfDistroless =
  /^(linux-vdso|ld-linux[-\w]*|lib(c|m|dl|pthread|rt|resolv|nss_\w+|gcc_s|gomp|stdc\+\+|ssl|crypto))\.so/;

function layOutDistroless(root: string): void {
  const node = join(import.meta.dirname, '../../node_modules/node/bin/node');
  const listed = execFileSync('ldd', [node], { encoding: 'utf8' });
  const paths = [...listed.matchAll(/(\/\S+)\s+\(0x/g)].map(([, path = '']) => path);
  for (const path of paths) {
    if (!librariesOfDistroless.test(basename(path)))
      throw new Error(`Node needs ${path}, which the last base image has not`);
    copyInto(root, path);
  }
  // Loaded at run time, to look names up.
  for (const name of ['libnss_dns.so.2', 'libnss_files.so.2', 'libresolv.so.2']) {
    const path = join(dirname(paths.find((each) => each.includes('libc.so')) ?? '/lib'), name);
    if (existsSync(path)) copyInto(root, path);
  }
  mkdirSync(join(root, 'etc/ssl/certs'), { recursive: true });
  writeFileSync(
    join(root, 'etc/passwd'),
    'root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n',
  );
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\nnonroot:x:65532:\n');
  writeFileSync(join(root, 'etc/nsswitch.conf'), 'hosts: files dns\n');
  for (const file of ['/etc/hosts', '/etc/resolv.conf']) writeFileSync(join(root, file), readFileSync(file));
  for (const folder of ['tmp', 'proc', 'dev', 'home/nonroot']) mkdirSync(join(root, folder), { recursive: true });
}

function copyInto(root: string, path: string): void {
  mkdirSync(join(root, dirname(path)), { recursive: true });
  cpSync(realpathSync(path), join(root, path));
}
