CREATE TABLE `error_rollups` (
	`site` text NOT NULL,
	`tier` text NOT NULL,
	`dimension` text NOT NULL,
	`start` integer NOT NULL,
	`value` text NOT NULL,
	`errors` text NOT NULL,
	PRIMARY KEY(`site`, `tier`, `dimension`, `start`, `value`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
ALTER TABLE `pageviews` ADD `errors` integer;--> statement-breakpoint
ALTER TABLE `pageviews` ADD `error_list` text;--> statement-breakpoint
ALTER TABLE `rollups` ADD `errors` text;