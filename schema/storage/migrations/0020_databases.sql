CREATE TABLE `moves` (
	`site` text PRIMARY KEY NOT NULL,
	`step` integer DEFAULT 0 NOT NULL,
	`after` text
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
ALTER TABLE `sites` ADD `database` text DEFAULT 'DB' NOT NULL;--> statement-breakpoint
ALTER TABLE `sites` ADD `moving` text;--> statement-breakpoint
ALTER TABLE `sites` ADD `other` text;--> statement-breakpoint
ALTER TABLE `sites` ADD `moved` integer;