CREATE TABLE `collectors` (
	`site` text NOT NULL,
	`id` text NOT NULL,
	`url` text NOT NULL,
	`headers` text NOT NULL,
	`metrics` text NOT NULL,
	`group_by` text NOT NULL,
	`limit` integer NOT NULL,
	`created` integer NOT NULL,
	`next` integer NOT NULL,
	`attempts` integer DEFAULT 0 NOT NULL,
	`due` integer NOT NULL,
	`status` text,
	PRIMARY KEY(`site`, `id`)
) STRICT, WITHOUT ROWID;
