import type { ResourceKind } from './kinds.ts';
import { groupOf } from './kinds.ts';
import type { TransportCall } from './transport-observer.ts';

/** What the transport sends. Everything but the path, the method and the body is there to name it in errors and spans. */
export interface ApiRequest {
  verb: TransportCall['verb'];
  method: TransportCall['method'];
  /** With its query. */
  path: string;
  body?: string;
  contentType?: string;
  accept?: string;
  /** Asks for a WebSocket that speaks one of these subprotocols, the first best. */
  protocols?: readonly string[];
  resource?: ResourceKind;
  subresource?: string | undefined;
  namespace?: string | undefined;
  name?: string | undefined;
}

/** Whether carrying it out twice could differ from once. */
export function isWrite(request: ApiRequest): boolean {
  // What a command does that is started through a WebSocket, nobody knows.
  return request.method !== 'GET' || request.protocols !== undefined;
}

/** `patch deployments/scale production/web-server`: what every error says first. */
export function describeRequest(request: ApiRequest): string {
  const call = callOf(request);
  const subresource = call.subresource ? `/${call.subresource}` : '';
  const where = [call.namespace, call.name].filter(Boolean).join('/');
  return `${call.verb} ${call.resource}${subresource}${where ? ` ${where}` : ''}`;
}

/** The names by which an observer knows the request. */
export function callOf(
  request: ApiRequest,
): Pick<TransportCall, 'verb' | 'method' | 'apiGroup' | 'resource' | 'subresource' | 'namespace' | 'name'> {
  const { verb, method, resource, subresource, namespace, name } = request;
  return {
    verb,
    method,
    apiGroup: resource ? groupOf(resource.apiVersion) : '',
    resource: resource ? resource.plural : request.path,
    subresource,
    namespace,
    name,
  };
}
