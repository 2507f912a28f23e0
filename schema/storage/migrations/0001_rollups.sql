CREATE TABLE `api_rollups` (
	`site` text NOT NULL,
	`tier` text NOT NULL,
	`dimension` text NOT NULL,
	`start` integer NOT NULL,
	`value` text NOT NULL,
	`api` text NOT NULL,
	PRIMARY KEY(`site`, `tier`, `dimension`, `start`, `value`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `periods` (
	`site` text NOT NULL,
	`tier` text NOT NULL,
	`start` integer NOT NULL,
	`state` text NOT NULL,
	`rolled` integer NOT NULL,
	PRIMARY KEY(`site`, `tier`, `start`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `rollups` (
	`site` text NOT NULL,
	`tier` text NOT NULL,
	`dimension` text NOT NULL,
	`start` integer NOT NULL,
	`value` text NOT NULL,
	`lcp` text,
	`inp` text,
	`cls` text,
	`fcp` text,
	`ttfb` text,
	PRIMARY KEY(`site`, `tier`, `dimension`, `start`, `value`)
) STRICT, WITHOUT ROWID;
