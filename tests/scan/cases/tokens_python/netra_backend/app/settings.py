class Settings:
    JWT_SECRET_KEY: str = ""


settings = Settings()
