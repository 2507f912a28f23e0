CREATE TABLE `rates` (
	`site` text NOT NULL,
	`since` integer NOT NULL,
	`rate` integer NOT NULL,
	PRIMARY KEY(`site`, `since`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `traffic` (
	`site` text NOT NULL,
	`minute` integer NOT NULL,
	`seen` integer NOT NULL,
	`stored` integer NOT NULL,
	PRIMARY KEY(`site`, `minute`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
ALTER TABLE `sites` ADD `rows_per_day` integer DEFAULT 25000 NOT NULL;--> statement-breakpoint
ALTER TABLE `sites` ADD `raw_days` integer DEFAULT 14 NOT NULL;--> statement-breakpoint
ALTER TABLE `sites` ADD `hour_days` integer DEFAULT 35 NOT NULL;--> statement-breakpoint
ALTER TABLE `sites` ADD `day_days` integer DEFAULT 760 NOT NULL;--> statement-breakpoint
ALTER TABLE `sites` ADD `deleted` integer;