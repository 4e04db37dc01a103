/** How a question to a person stands; what is decided stays so. */
export const approvalStatuses = ['pending', 'approved', 'rejected', 'expired', 'stale'] as const;

export type ApprovalStatus = (typeof approvalStatuses)[number];
