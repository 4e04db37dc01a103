/** On a VolumeSnapshot of this service's own; only such a one is ever deleted by it. */
export const snapshotLabel = 'executor.kubernaut.io/backup';
/** Until when it is kept, RFC 3339. The annotation is the truth: whoever edits it keeps one longer, or for less time. */
export const expiresAnnotation = 'executor.kubernaut.io/expires';
/** The execution that made it. */
export const executionAnnotation = 'executor.kubernaut.io/execution';

export const volumeSnapshot = { apiVersion: 'snapshot.storage.k8s.io/v1', kind: 'VolumeSnapshot' } as const;
export const volumeSnapshotClass = { apiVersion: 'snapshot.storage.k8s.io/v1', kind: 'VolumeSnapshotClass' } as const;
