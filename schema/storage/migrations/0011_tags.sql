ALTER TABLE `budgets` ADD `tag` text;--> statement-breakpoint
ALTER TABLE `intake` ADD `tags_undeclared` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `intake` ADD `tags_unfit` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `pageviews` ADD `tags` text;--> statement-breakpoint
ALTER TABLE `sites` ADD `tags` text DEFAULT '{}' NOT NULL;