CREATE TABLE `bots` (
	`site` text NOT NULL,
	`hour` integer NOT NULL,
	`beacons` integer NOT NULL,
	PRIMARY KEY(`site`, `hour`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `pageviews` (
	`site` text NOT NULL,
	`hour` integer NOT NULL,
	`id` text NOT NULL,
	`began` integer NOT NULL,
	`sequence` integer NOT NULL,
	`weight` integer NOT NULL,
	`navigation` text NOT NULL,
	`route` text NOT NULL,
	`release` text,
	`country` text,
	`device` text NOT NULL,
	`browser` text,
	`browser_version` integer,
	`os` text,
	`connection` text,
	`lcp` integer,
	`inp` integer,
	`cls` integer,
	`fcp` integer,
	`ttfb` integer,
	`phases` text,
	`calls` text DEFAULT '{}' NOT NULL,
	PRIMARY KEY(`site`, `hour`, `id`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `sites` (
	`id` text PRIMARY KEY NOT NULL,
	`origins` text NOT NULL,
	`key` text NOT NULL,
	`rate` integer DEFAULT 1 NOT NULL,
	`created` integer NOT NULL
) STRICT, WITHOUT ROWID;
