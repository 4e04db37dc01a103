CREATE TABLE "approval" (
	"id" text PRIMARY KEY NOT NULL,
	"execution_id" text NOT NULL,
	"cluster" text NOT NULL,
	"status" text NOT NULL,
	"plan_hash" text NOT NULL,
	"evaluation" jsonb NOT NULL,
	"requested_by" text,
	"requested_at" timestamp (3) with time zone NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"decided_by" text,
	"decided_at" timestamp (3) with time zone,
	"comment" text
);
--> statement-breakpoint
CREATE TABLE "control" (
	"cluster" text NOT NULL,
	"scope" text NOT NULL,
	"stopped" boolean NOT NULL,
	"reason" text,
	"changed_by" text,
	"changed_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "control_cluster_scope_pk" PRIMARY KEY("cluster","scope")
);
--> statement-breakpoint
CREATE TABLE "audit_entry" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "audit_entry_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"at" timestamp (3) with time zone NOT NULL,
	"type" text NOT NULL,
	"cluster" text,
	"namespace" text,
	"execution_id" text,
	"by" text,
	"data" jsonb NOT NULL
);
--> statement-breakpoint
CREATE TABLE "audit_link" (
	"seq" bigint PRIMARY KEY NOT NULL,
	"entry_id" bigint NOT NULL,
	"chained_at" timestamp (3) with time zone NOT NULL,
	"previous_hash" text NOT NULL,
	"hash" text NOT NULL,
	CONSTRAINT "audit_link_entry_id_unique" UNIQUE("entry_id")
);
--> statement-breakpoint
CREATE TABLE "audit_unlinked" (
	"entry_id" bigint PRIMARY KEY NOT NULL
);
--> statement-breakpoint
DROP INDEX "execution_keyed";--> statement-breakpoint
DROP INDEX "execution_idempotency_key";--> statement-breakpoint
DROP INDEX "execution_newest";--> statement-breakpoint
DROP INDEX "execution_of_target";--> statement-breakpoint
DROP INDEX "execution_finished";--> statement-breakpoint
DROP INDEX "execution_correlation";--> statement-breakpoint
ALTER TABLE "execution_event" ALTER COLUMN "execution_id" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "execution" ADD COLUMN "impact" jsonb;--> statement-breakpoint
ALTER TABLE "execution" ADD COLUMN "cancel_requested_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "execution" ADD COLUMN "cancel_reason" text;--> statement-breakpoint
ALTER TABLE "execution" ADD COLUMN "cancel_code" text;--> statement-breakpoint
ALTER TABLE "execution" ADD COLUMN "not_before" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "execution" ADD COLUMN "attempts" integer;--> statement-breakpoint
ALTER TABLE "execution" ADD COLUMN "due_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "execution" ADD COLUMN "waits_for" text;--> statement-breakpoint
ALTER TABLE "execution" ADD COLUMN "lock_keys" jsonb;--> statement-breakpoint
ALTER TABLE "execution" ADD COLUMN "resume_of" text;--> statement-breakpoint
ALTER TABLE "execution" ADD COLUMN "acknowledged_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "execution" ADD COLUMN "acknowledged_by" text;--> statement-breakpoint
ALTER TABLE "execution" ADD COLUMN "acknowledge_reason" text;--> statement-breakpoint
ALTER TABLE "execution" ADD COLUMN "approval_id" text;--> statement-breakpoint
ALTER TABLE "execution" ADD COLUMN "approved_hash" text;--> statement-breakpoint
ALTER TABLE "execution" ADD COLUMN "approved_by" text;--> statement-breakpoint
CREATE UNIQUE INDEX "approval_of" ON "approval" USING btree ("execution_id");--> statement-breakpoint
CREATE INDEX "approval_newest" ON "approval" USING btree ("requested_at","id");--> statement-breakpoint
CREATE INDEX "approval_pending" ON "approval" USING btree ("cluster","expires_at") WHERE status = 'pending';--> statement-breakpoint
CREATE INDEX "audit_link_by_time" ON "audit_link" USING btree ("chained_at","seq");--> statement-breakpoint
CREATE INDEX "execution_of_action" ON "execution" USING btree ("action","created_at","id");--> statement-breakpoint
CREATE INDEX "execution_of_namespace" ON "execution" USING btree ("namespace","created_at","id") WHERE namespace is not null;--> statement-breakpoint
CREATE INDEX "execution_of_kind" ON "execution" USING btree ("kind","created_at","id") WHERE kind is not null;--> statement-breakpoint
CREATE INDEX "execution_of_name" ON "execution" USING btree ("name","created_at","id") WHERE name is not null;--> statement-breakpoint
CREATE INDEX "execution_of_status" ON "execution" USING btree ("status","created_at","id") WHERE status not in ('completed', 'running', 'unknown');--> statement-breakpoint
CREATE INDEX "execution_outcomes" ON "execution" USING btree ("namespace","name","action","finished_at") WHERE not dry_run and finished_at is not null;--> statement-breakpoint
CREATE INDEX "execution_changed" ON "execution" USING btree ("cluster","finished_at") WHERE changed and not dry_run;--> statement-breakpoint
CREATE INDEX "execution_queue_by_priority" ON "execution" USING btree ("cluster","waits_for","priority","due_at") WHERE status = 'queued';--> statement-breakpoint
CREATE INDEX "execution_queue_by_age" ON "execution" USING btree ("cluster","waits_for","due_at") WHERE status = 'queued';--> statement-breakpoint
CREATE INDEX "execution_queue_by_time" ON "execution" USING btree ("cluster","waits_for","not_before") WHERE status = 'queued' and waits_for = '@time';--> statement-breakpoint
CREATE INDEX "execution_queue_by_lease" ON "execution" USING btree ("cluster","waits_for","lease_until") WHERE status = 'queued' and waits_for = '@start';--> statement-breakpoint
CREATE INDEX "execution_queued_undo" ON "execution" USING btree ("rollback_of") WHERE status = 'queued' and rollback_of is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "execution_idempotency_key" ON "execution" USING btree ("idempotency_key") WHERE idempotency_key is not null;--> statement-breakpoint
CREATE INDEX "execution_newest" ON "execution" USING btree ("created_at","id");--> statement-breakpoint
CREATE INDEX "execution_of_target" ON "execution" USING btree ("namespace","name","created_at","id") WHERE name is not null;--> statement-breakpoint
CREATE INDEX "execution_finished" ON "execution" USING btree ("finished_at") WHERE finished_at is not null;--> statement-breakpoint
CREATE INDEX "execution_correlation" ON "execution" USING btree ("correlation_id","created_at","id") WHERE correlation_id is not null;