import type { Environment } from './environment.ts';

/**
 * The environment without what Kubernetes puts there for Services. A Service named `executor-service` gives its
 * namespace's pods `EXECUTOR_SERVICE_PORT=tcp://10.0.0.1:8084`, which would be our port's own variable, and one named
 * `executor` gives `EXECUTOR_SERVICE_HOST`. What a pod sets itself under such a name differs from the link, and stays.
 */
export function withoutServiceLinks(env: Environment): Environment {
  const links = Object.entries(env).flatMap(([name, value]) => {
    const prefix = /^(EXECUTOR(?:_[A-Z0-9_]+)?)_PORT(?:_\d+_(?:TCP|UDP|SCTP))?$/.exec(name)?.[1];
    const target = /^(?:tcp|udp|sctp):\/\/\[?(.+?)\]?:(\d+)$/.exec(value ?? '');
    return prefix !== undefined && target ? [{ prefix, host: target[1], port: target[2] }] : [];
  });
  if (links.length === 0) return env;
  return Object.fromEntries(
    Object.entries(env).filter(([name, value]) => !links.some((link) => belongsTo(link, name, value))),
  );
}

function belongsTo(
  link: { prefix: string; host: string | undefined; port: string | undefined },
  name: string,
  value: string | undefined,
): boolean {
  if (!name.startsWith(`${link.prefix}_`)) return false;
  const rest = name.slice(link.prefix.length + 1);
  if (rest === 'PORT') return /^(tcp|udp|sctp):\/\//.test(value ?? '');
  if (/^PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$/.test(rest)) return true;
  if (rest === 'SERVICE_HOST') return value === link.host;
  if (rest === 'SERVICE_PORT') return value === link.port;
  return /^SERVICE_PORT_[A-Z0-9_]+$/.test(rest);
}
