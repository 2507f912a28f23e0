CREATE TABLE `deliveries` (
	`site` text NOT NULL,
	`hour` integer NOT NULL,
	`pageviews` integer NOT NULL,
	`sent` integer NOT NULL,
	`received` integer NOT NULL,
	`dropped` integer NOT NULL,
	PRIMARY KEY(`site`, `hour`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `measure_rollups` (
	`site` text NOT NULL,
	`tier` text NOT NULL,
	`dimension` text NOT NULL,
	`start` integer NOT NULL,
	`value` text NOT NULL,
	`measure` text NOT NULL,
	PRIMARY KEY(`site`, `tier`, `dimension`, `start`, `value`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
ALTER TABLE `pageviews` ADD `why` text;--> statement-breakpoint
ALTER TABLE `pageviews` ADD `marks` text DEFAULT '{}' NOT NULL;--> statement-breakpoint
ALTER TABLE `pageviews` ADD `received` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `pageviews` ADD `dropped` integer DEFAULT 0 NOT NULL;