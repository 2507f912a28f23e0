ALTER TABLE `sites` ADD `raw_from` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `sites` ADD `hour_from` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `sites` ADD `day_from` integer DEFAULT 0 NOT NULL;