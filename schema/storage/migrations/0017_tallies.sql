ALTER TABLE `intake` ADD `reports` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `intake` ADD `one_in` integer DEFAULT 1 NOT NULL;