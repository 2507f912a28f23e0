CREATE TABLE `budget_events` (
	`site` text NOT NULL,
	`at` integer NOT NULL,
	`budget` text NOT NULL,
	`state` text NOT NULL,
	`value` real,
	`low` real,
	`high` real,
	`samples` integer NOT NULL,
	`release` text,
	PRIMARY KEY(`site`, `at`, `budget`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `budgets` (
	`site` text NOT NULL,
	`id` text NOT NULL,
	`metric` text NOT NULL,
	`endpoint` text,
	`route` text,
	`device` text,
	`percentile` real NOT NULL,
	`max` real NOT NULL,
	`window_hours` integer NOT NULL,
	`minimum` integer NOT NULL,
	`created` integer NOT NULL,
	`state` text DEFAULT 'no-data' NOT NULL,
	`since` integer NOT NULL,
	`checked` integer DEFAULT 0 NOT NULL,
	`told` text DEFAULT 'ok' NOT NULL,
	`value` real,
	`low` real,
	`high` real,
	`samples` integer DEFAULT 0 NOT NULL,
	`release` text,
	PRIMARY KEY(`site`, `id`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `messages` (
	`site` text NOT NULL,
	`at` integer NOT NULL,
	`budget` text NOT NULL,
	`body` text NOT NULL,
	`attempts` integer DEFAULT 0 NOT NULL,
	`due` integer NOT NULL,
	PRIMARY KEY(`site`, `at`, `budget`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `webhooks` (
	`site` text PRIMARY KEY NOT NULL,
	`url` text NOT NULL,
	`secret` text NOT NULL
) STRICT, WITHOUT ROWID;
