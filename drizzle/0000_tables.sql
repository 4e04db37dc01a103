CREATE SEQUENCE "public"."fence" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1;--> statement-breakpoint
CREATE TABLE "cooldown" (
	"key" text PRIMARY KEY NOT NULL,
	"execution_id" text NOT NULL,
	"until" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "execution" (
	"id" text PRIMARY KEY NOT NULL,
	"idempotency_key" text,
	"request_hash" text,
	"action" text NOT NULL,
	"status" text NOT NULL,
	"dry_run" boolean DEFAULT false NOT NULL,
	"cluster" text NOT NULL,
	"namespace" text,
	"kind" text,
	"name" text,
	"target" jsonb,
	"parameters" jsonb NOT NULL,
	"alert" jsonb,
	"metadata" jsonb,
	"workflow_id" text,
	"correlation_id" text,
	"requested_by" text,
	"reason" text,
	"priority" integer DEFAULT 5 NOT NULL,
	"plan" jsonb NOT NULL,
	"changes" jsonb NOT NULL,
	"expectations" jsonb NOT NULL,
	"verdicts" jsonb NOT NULL,
	"risk" jsonb NOT NULL,
	"progress" jsonb,
	"warnings" jsonb NOT NULL,
	"result" jsonb,
	"error" jsonb,
	"settled" jsonb,
	"message" text NOT NULL,
	"changed" boolean DEFAULT false NOT NULL,
	"rollback_of" text,
	"rolled_back_by" text,
	"trace_id" text,
	"timeout_ms" integer NOT NULL,
	"holder" text,
	"fence" bigint,
	"lease_until" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"started_at" timestamp (3) with time zone,
	"deadline" timestamp (3) with time zone,
	"finished_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "execution_event" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"execution_id" text NOT NULL,
	"at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"type" text NOT NULL,
	"message" text NOT NULL,
	"data" jsonb
);
--> statement-breakpoint
CREATE TABLE "slot" (
	"id" integer PRIMARY KEY NOT NULL,
	"execution_id" text
);
--> statement-breakpoint
CREATE TABLE "target_lock" (
	"key" text PRIMARY KEY NOT NULL,
	"execution_id" text NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX "execution_idempotency_key" ON "execution" USING btree ("idempotency_key");--> statement-breakpoint
CREATE INDEX "execution_newest" ON "execution" USING btree ("created_at" DESC NULLS LAST,"id" DESC NULLS LAST);--> statement-breakpoint
CREATE INDEX "execution_of_target" ON "execution" USING btree ("namespace","name","created_at" DESC NULLS LAST);--> statement-breakpoint
CREATE INDEX "execution_finished" ON "execution" USING btree ("finished_at");--> statement-breakpoint
CREATE INDEX "execution_keyed" ON "execution" USING btree ("finished_at") WHERE idempotency_key is not null;--> statement-breakpoint
CREATE INDEX "execution_correlation" ON "execution" USING btree ("correlation_id");--> statement-breakpoint
CREATE INDEX "execution_lease" ON "execution" USING btree ("lease_until") WHERE status in ('running', 'unknown');--> statement-breakpoint
CREATE INDEX "execution_event_of" ON "execution_event" USING btree ("execution_id","id");--> statement-breakpoint
CREATE INDEX "target_lock_of" ON "target_lock" USING btree ("execution_id");