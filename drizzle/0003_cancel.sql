ALTER TABLE "execution" ADD COLUMN "cancel_requested_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "execution" ADD COLUMN "cancel_reason" text;