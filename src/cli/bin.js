#!/usr/bin/env node
// Checks Node's version before anything else is loaded, so that an old Node prints a way out instead of a syntax
// error. Only syntax that Node 10 can parse: var, function, string concatenation.
var wanted = [24, 7];
var found = process.versions.node.split('.').map(Number);
var isOld = found[0] < wanted[0] || (found[0] === wanted[0] && found[1] < wanted[1]);

if (isOld) refuse();
else start();

function start() {
  // Compiled modules are kept beside the packages, not in a folder that other users of the machine can write to.
  var fs = process.getBuiltinModule('fs');
  var root = process.getBuiltinModule('path').resolve(fs.realpathSync(process.argv[1]), '../../..');
  process.getBuiltinModule('module').enableCompileCache(root + '/node_modules/.cache/omniroute');
  import('./main.ts').then(
    function (cli) {
      return cli.main();
    },
    function (error) {
      var missing = error.code === 'ERR_MODULE_NOT_FOUND';
      console.error('error  cli/internal  cannot load OmniRoute: ' + String(error.message).split('\n')[0]);
      if (missing) console.error('       run npm ci first');
      process.exit(70);
    },
  );
}

function refuse() {
  Promise.all([import('fs'), import('path')]).then(
    function (modules) {
      advise(findNode(modules[0], modules[1]));
    },
    function () {
      advise(undefined);
    },
  );
}

// The Node that `npm ci` put beside us or into the caller's folder.
function findNode(fs, path) {
  var script = fs.realpathSync(process.argv[1]);
  var folders = [path.resolve(path.dirname(script), '../..'), process.cwd()];
  for (var index = 0; index < folders.length; index++) {
    var node = path.join(folders[index], 'node_modules', '.bin', 'node');
    if (fs.existsSync(node)) return path.relative(process.cwd(), node);
  }
  return undefined;
}

function advise(node) {
  var rest = process.argv.slice(1).map(quote);
  console.error(
    'error  cli/old-node  OmniRoute needs Node ' +
      wanted.join('.') +
      ' or newer; this is Node ' +
      process.versions.node,
  );
  console.error(
    node
      ? '       run: ' + [quote(node)].concat(rest).join(' ')
      : '       install it from https://nodejs.org, or run: npx -y -p node@24 -- node ' + rest.join(' '),
  );
  process.exit(2);
}

function quote(text) {
  return /^[\w./:=@,+-]+$/.test(text) ? text : "'" + text.replace(/'/g, "'\\''") + "'";
}
