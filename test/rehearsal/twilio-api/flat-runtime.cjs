/**
 * What stands between a deploy and a request, in a folder that holds the deployed bytes and the two packages that a
 * deploy installs: Twilio's own runtime, with the functions laid flat under names of their own. Whoever tries deployed
 * bytes copies this file there and runs it under Node. One server for each environment given; it prints what it found
 * as one JSON line.
 */
const { readFileSync } = require("node:fs");
const { join } = require("node:path");
const { LocalDevelopmentServer } = require("@twilio/runtime-handler/dev");

const {
  environments,
  functions,
  assets = [],
} = JSON.parse(readFileSync(join(__dirname, "given.json"), "utf8"));

const routeOf = ({ path, file, access = "protected" }) => ({
  name: path,
  path,
  access,
  filePath: join(__dirname, file),
});
const routes = {
  assets: assets.map(routeOf),
  functions: functions.map(routeOf),
};

const isFound = (name) => {
  try {
    require.resolve(name);
    return true;
  } catch {
    return false;
  }
};

async function serve(env) {
  // The address is part of what is signed, so the port is taken before the runtime is told of it.
  const server = require("node:http").createServer();
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  const url = `http://127.0.0.1:${server.address().port}`;
  const runtime = new LocalDevelopmentServer(0, {
    baseDir: __dirname,
    env,
    url,
    routes,
    live: false,
    logs: false,
    // One process for every request, as a warm one on Twilio; its default, a process for each, costs 0.4 s a time.
    forkProcess: false,
  });
  server.on("request", runtime.getApp());
  return url;
}

Promise.all(environments.map(serve)).then((urls) => {
  const packages = ["twilio", "@twilio/runtime-handler/dev", "jose", "zod"];
  console.log(
    JSON.stringify({
      ready: urls,
      node: process.versions.node,
      bun: process.versions.bun ?? null,
      found: packages.filter(isFound),
      handlers: functions.filter(({ file }) => typeof require(`./${file}`).handler === "function").length,
    }),
  );
});
