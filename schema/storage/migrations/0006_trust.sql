CREATE TABLE `intake` (
	`site` text NOT NULL,
	`hour` integer NOT NULL,
	`accepted` integer DEFAULT 0 NOT NULL,
	`stored` integer DEFAULT 0 NOT NULL,
	`sampled` integer DEFAULT 0 NOT NULL,
	`queued` integer DEFAULT 0 NOT NULL,
	`late` integer DEFAULT 0 NOT NULL,
	`imported` integer DEFAULT 0 NOT NULL,
	`failed` integer DEFAULT 0 NOT NULL,
	`bots` integer DEFAULT 0 NOT NULL,
	`refused_site` integer DEFAULT 0 NOT NULL,
	`refused_origin` integer DEFAULT 0 NOT NULL,
	`refused_rate` integer DEFAULT 0 NOT NULL,
	`refused_size` integer DEFAULT 0 NOT NULL,
	`refused_field` integer DEFAULT 0 NOT NULL,
	`refused_weight` integer DEFAULT 0 NOT NULL,
	`busiest` integer DEFAULT 0 NOT NULL,
	PRIMARY KEY(`site`, `hour`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
INSERT INTO `intake` (`site`, `hour`, `bots`) SELECT `site`, `hour`, `beacons` FROM `bots`;--> statement-breakpoint
DROP TABLE `bots`;--> statement-breakpoint
ALTER TABLE `rollups` ADD `views` text;--> statement-breakpoint
ALTER TABLE `sites` ADD `bytes_per_day` integer DEFAULT 11000000 NOT NULL;--> statement-breakpoint
ALTER TABLE `sites` ADD `max_weight` integer DEFAULT 10 NOT NULL;--> statement-breakpoint
ALTER TABLE `pageviews` ADD `calls_cut` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `pageviews` ADD `marks_cut` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `traffic` ADD `bytes` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `deliveries` ADD `followed` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `deliveries` ADD `missing_squared` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `deliveries` ADD `missing_before` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `deliveries` ADD `before_squared` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `deliveries` ADD `unreadable` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `budgets` ADD `effective_samples` real;--> statement-breakpoint
ALTER TABLE `budget_events` ADD `effective_samples` real;
