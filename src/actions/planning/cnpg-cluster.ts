/** A database of the operator CloudNativePG. */
export const cnpgCluster = { apiVersion: 'postgresql.cnpg.io/v1', kind: 'Cluster' } as const;
