/** One verb of the service itself, on objects of one resource (`deployments`, or a part of it: `deployments/scale`). */
export interface OwnRight {
  verb: string;
  group: string;
  resource: string;
  /** Absent: all namespaces, or what is in none. */
  namespace?: string | undefined;
  /** Absent: objects of any name. */
  name?: string | undefined;
}

/** Whether the API server lets the service itself do that. */
export type MayService = (right: OwnRight) => Promise<boolean>;

/** `patch deployments.apps/scale in namespace shop`, for a sentence. */
export function describeRight({ verb, group, resource, namespace }: OwnRight): string {
  const [object = '', subresource] = resource.split('/');
  const of = `${object}${group && `.${group}`}${subresource ? `/${subresource}` : ''}`;
  return `${verb} ${of}${namespace === undefined ? '' : ` in namespace ${namespace}`}`;
}
