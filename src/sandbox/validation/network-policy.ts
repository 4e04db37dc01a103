import { BlockList, isIP } from 'node:net';
import { type Resource, as, at, isRecord, records } from '../resource.ts';
import type { Faults } from './faults.ts';
import { validateLabelSelector } from './workload.ts';

type Fields = Record<string, unknown>;

/** A policy's selectors, peers, ports and types. */
export function validateNetworkPolicy(draft: Resource, faults: Faults): void {
  const spec = isRecord(draft.spec) ? draft.spec : {};
  validateLabelSelector(as(spec.podSelector ?? {}), 'spec.podSelector', faults);
  for (const [direction, side] of [
    ['ingress', 'from'],
    ['egress', 'to'],
  ] as const) {
    records(spec[direction]).forEach((rule, index) => {
      const path = `spec.${direction}[${index}]`;
      records(rule.ports).forEach((port, place) => validatePort(port, `${path}.ports[${place}]`, faults));
      records(rule[side]).forEach((peer, place) => validatePeer(peer, `${path}.${side}[${place}]`, faults));
    });
  }
  const types = Array.isArray(spec.policyTypes) ? spec.policyTypes : [];
  if (types.length > 2) return faults.invalid('spec.policyTypes', types, 'may not specify more than two policyTypes');
  types.forEach((type, index) => {
    if (type !== 'Ingress' && type !== 'Egress')
      faults.unsupported(`spec.policyTypes[${index}]`, type, ['Ingress', 'Egress']);
  });
}

function validatePort({ protocol, port, endPort }: Fields, path: string, faults: Faults): void {
  const protocols = ['TCP', 'UDP', 'SCTP'];
  if (!protocols.includes(String(protocol))) faults.unsupported(`${path}.protocol`, protocol, protocols);
  if (typeof port === 'number') {
    if (port < 1 || port > 65535) faults.invalid(`${path}.port`, port, 'must be between 1 and 65535, inclusive');
    if (typeof endPort === 'number' && endPort < port)
      faults.invalid(`${path}.endPort`, port, 'must be greater than or equal to `port`');
    if (typeof endPort === 'number' && (endPort < 1 || endPort > 65535))
      faults.invalid(`${path}.endPort`, endPort, 'must be between 1 and 65535, inclusive');
    return;
  }
  if (typeof port === 'string') for (const fault of portNameFaults(port)) faults.invalid(`${path}.port`, port, fault);
  if (endPort === undefined) return;
  if (port === undefined)
    faults.invalid(`${path}.endPort`, endPort, 'may not be specified when `port` is not specified');
  else faults.invalid(`${path}.endPort`, endPort, 'may not be specified when `port` is non-numeric');
}

function portNameFaults(name: string): string[] {
  const faults = [];
  if (name.length > 15) faults.push('must be no more than 15 characters');
  if (!/^[-a-z0-9]+$/.test(name)) faults.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  if (!/[a-z]/.test(name)) faults.push('must contain at least one letter (a-z)');
  if (name.includes('--')) faults.push('must not contain consecutive hyphens');
  if (name.startsWith('-') || name.endsWith('-')) faults.push('must not begin or end with a hyphen');
  return faults;
}

function validatePeer(peer: Fields, path: string, faults: Faults): void {
  for (const name of ['podSelector', 'namespaceSelector'])
    if (isRecord(peer[name])) validateLabelSelector(peer[name], `${path}.${name}`, faults);
  const selects = peer.podSelector !== undefined || peer.namespaceSelector !== undefined;
  if (isRecord(peer.ipBlock)) {
    validateBlock(peer.ipBlock, `${path}.ipBlock`, faults);
    if (selects) faults.forbidden(path, 'may not specify both ipBlock and another peer');
  } else if (!selects) faults.required(path, 'must specify a peer');
}

function validateBlock(block: Fields, path: string, faults: Faults): void {
  const cidr = String(block.cidr ?? '');
  if (cidr === '') return faults.required(`${path}.cidr`);
  const [address, bits] = parts(cidr);
  if (address === undefined || bits === undefined)
    return faults.invalid(`${path}.cidr`, cidr, 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)');
  const whole = new BlockList();
  const family = (ip: string): 'ipv4' | 'ipv6' => (isIP(ip) === 6 ? 'ipv6' : 'ipv4');
  whole.addSubnet(address, bits, family(address));
  const except = at(block, 'except');
  (Array.isArray(except) ? except.map(String) : []).forEach((part, index) => {
    const [inner, innerBits] = parts(part);
    const here = `${path}.except[${index}]`;
    if (inner === undefined || innerBits === undefined)
      faults.invalid(here, part, 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)');
    else if (innerBits <= bits || !whole.check(inner, family(inner)))
      faults.invalid(here, part, 'must be a strict subset of `cidr`');
  });
}

function parts(cidr: string): [address: string, bits: number] | [undefined, undefined] {
  const [address = '', bits = '', ...more] = cidr.split('/');
  const most = isIP(address) === 6 ? 128 : 32;
  const valid = isIP(address) !== 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= most && more.length === 0;
  return valid ? [address, Number(bits)] : [undefined, undefined];
}
