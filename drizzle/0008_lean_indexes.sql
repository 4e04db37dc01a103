DROP INDEX "execution_idempotency_key";--> statement-breakpoint
DROP INDEX "execution_of_target";--> statement-breakpoint
DROP INDEX "execution_finished";--> statement-breakpoint
CREATE UNIQUE INDEX "execution_idempotency_key" ON "execution" USING btree ("idempotency_key") WHERE idempotency_key is not null;--> statement-breakpoint
CREATE INDEX "execution_of_target" ON "execution" USING btree ("namespace","name","created_at","id") WHERE name is not null;--> statement-breakpoint
CREATE INDEX "execution_finished" ON "execution" USING btree ("finished_at") WHERE finished_at is not null;